%% @private The OS process of one port program: its start, and its end in every case. For py_port, whose process
%% is the one that calls.
%%
%% Which OS processes there are stands in py_tables, so that whoever comes after a py_port that was killed can end
%% what it left.
-module(py_program).

-include_lib("kernel/include/logger.hrl").
-include("py_context.hrl").

-export([open/1, identify/2, end_orphans/1, leave/2, kill/1, os_pid/1, name/1]).

-type process() :: py_os:identity() | gone.

-define(END_GRACE, 2000).      % milliseconds for the program to leave by itself
-define(ORPHAN_GRACE, 200).    % for one that a killed py_port left
-define(KILL_GRACE, 2000).

-spec open(py_port_spec:spec()) -> port().
open(#{config := #{program := Program}} = Spec) ->
    open_port({spawn_executable, Program}, py_port_spec:open_options(Spec)).

%% @doc Who it is; and remembers that.
-spec identify(port(), atom()) -> process().
identify(Port, Pool) ->
    case erlang:port_info(Port, os_pid) of
        {os_pid, Pid} -> remember(py_os:identify(Pid), Pool);
        undefined -> gone
    end.

remember({ok, Process}, Pool) ->
    ok = py_tables:put_process(self(), Pool, Process),
    Process;
remember(gone, _) -> gone.

%% @doc A killed py_port may have left a program that is stopped, and so did not see the end of its input.
-spec end_orphans(atom()) -> ok.
end_orphans(Pool) ->
    Orphans = [{Server, Process} || {Server, Of, Process} <- py_tables:processes(), Of =:= Pool,
                                    not is_process_alive(Server)],
    ok = lists:foreach(fun({Server, Process}) -> leave(Process, Server, Pool, ?ORPHAN_GRACE) end, Orphans),
    _ = [py_owner:sweep() || Orphans =/= []],
    ok.

%% @doc Lets a program leave whose port is closed; kills it when it does not.
-spec leave(process(), atom()) -> ok.
leave(gone, _) -> ok;
leave(Process, Pool) -> leave(Process, self(), Pool, ?END_GRACE).

%% The end of its input is the program's sign to leave. The table's stays for a while to see whether the node
%% dies, so it is not waited for: it has nothing to lose.
leave(Process, Server, ?TABLE, _) -> kill(Process, Server);
leave(Process, Server, Pool, Grace) ->
    case py_os:wait_gone(Process, Grace) of
        gone -> py_tables:delete_process(Server);
        still_alive ->
            ?LOG_WARNING("the port program of ~ts (OS process ~ts) did not leave; killing it",
                         [name(Pool), os_pid(Process)], #{domain => [pyport], pool => Pool}),
            kill(Process, Server)
    end.

%% @doc Also what the dead left behind in its process group.
-spec kill(process()) -> ok.
kill(gone) -> ok;
kill(Process) -> kill(Process, self()).

kill(Process, Server) ->
    ok = py_os:kill(Process),
    _ = py_os:wait_gone(Process, ?KILL_GRACE),
    py_tables:delete_process(Server).

%%% Words for the log

-spec os_pid(process()) -> string().
os_pid(gone) -> "unknown";
os_pid(Process) -> integer_to_list(py_os:os_pid(Process)).

-spec name(atom()) -> io_lib:chars().
name(?TABLE) -> "the table";
name(Pool) -> io_lib:format("pool ~tp", [Pool]).
