%% @private Tells that the calling process has lost its namespace, once: to `logger', and to telemetry where the
%% release has that application.
-module(py_lost).

-include_lib("kernel/include/logger.hrl").

-export([tell/2]).

-define(EVENT, [pyport, namespace, lost]).

%% @doc `Why' is the reason of the OS process's death, or `recycled'.
-spec tell(no | {lost, Why :: term()}, atom()) -> ok.
tell(no, _) -> ok;
tell({lost, Why}, Pool) ->
    Pid = self(),
    ?LOG_WARNING("process ~p has lost its Python namespace in pool ~tp: ~tp", [Pid, Pool, Why],
                 #{domain => [pyport], pyport_event => namespace_lost, pool => Pool, reason => Why}),
    telemetry(telemetry, #{pool => Pool, pid => Pid, reason => Why}).

%% No dependency: whoever uses it has it loaded.
telemetry(Module, Metadata) ->
    _ = case code:is_loaded(Module) =/= false andalso erlang:function_exported(Module, execute, 3) of
            true -> Module:execute(?EVENT, #{count => 1}, Metadata);
            false -> ok
        end,
    ok.
