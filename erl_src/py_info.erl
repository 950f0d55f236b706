%% @private Versions and figures of what runs.
-module(py_info).

-include("py_context.hrl").
-include("py_protocol.hrl").

-export([version/1, info/1]).

-spec version(py_context:context()) ->
          #{pyport := binary(), program := binary(), python := binary(), protocol := pos_integer()}.
version(#context{python = Python, program = Program}) ->
    #{pyport => own_version(), program => Program, python => Python, protocol => ?PROTOCOL_VERSION}.

%% pyport may be used without being loaded as an application; the port program is of the same version then.
own_version() ->
    case application:get_key(pyport, vsn) of
        {ok, Version} -> list_to_binary(Version);
        undefined -> <<"unknown">>
    end.

-spec info(py_context:context()) -> map() | py_protocol:failure().
info(#context{pending = Pending} = Context) ->
    case py_request:call(py_request:unbounded(Context), ?OP_INFO, 0, [], infinity) of
        {?REPLY_VALUE, Body} -> (py_protocol:term(Body))#{in_flight => in_flight(Pending)};
        {?REPLY_ERROR, Body} -> py_protocol:failure(Body);
        {died, Why} -> {down, Why};
        Failure -> Failure
    end.

in_flight(Pending) ->
    case py_pending:size(Pending) of
        N when is_integer(N) -> N;
        undefined -> 0
    end.
