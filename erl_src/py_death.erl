%% @private How a port program ended, in the words that callers and the log are given. Pure.
-module(py_death).

-include("py_protocol.hrl").

-export([of_status/1, reason/1, worker/2, worker/1, text/1]).

-export_type([cause/0, worker/0]).

-type cause() :: {exit_status, non_neg_integer()} | {signal, pos_integer()}
               | {stuck_call, pid() | unknown}   % it ended itself, or was ended, since that process's call did not stop
               | {refused, Why :: term()}        % it never came up
               | heartbeat_timeout | killed | shutdown | table_lost | term().
-type worker() :: #{reason := exited | signal | out_of_memory | {stuck_call, pid() | unknown} | term(),
                    exit_status => non_neg_integer(), signal => pos_integer(), stderr_tail := binary()}.

%% @doc The status that a port tells, which for a signal is a shell's: 128 more.
-spec of_status(non_neg_integer()) -> cause().
of_status(Status) when Status > 128 -> {signal, Status - 128};
of_status(Status) -> {exit_status, Status}.

%% @doc What is told of the table's port, and logged.
-spec reason(cause()) -> term().
reason({refused, Why}) -> Why;
reason(Cause) -> Cause.

%% @doc What callers get of an OS process of a pool, as `{worker_died, Map}'; with the end of what it wrote to
%% its standard error.
-spec worker(cause(), binary()) -> worker().
worker(Cause, Tail) -> (ended(Cause))#{stderr_tail => Tail}.

ended({exit_status, ?EXIT_NO_MEMORY}) -> #{reason => out_of_memory, exit_status => ?EXIT_NO_MEMORY};
ended({exit_status, ?EXIT_STUCK}) -> #{reason => {stuck_call, unknown}, exit_status => ?EXIT_STUCK};
ended({exit_status, Status}) -> #{reason => exited, exit_status => Status};
ended({signal, Signal}) -> #{reason => signal, signal => Signal};
ended({stuck_call, _} = Stuck) -> #{reason => Stuck, exit_status => ?EXIT_STUCK};
ended(heartbeat_timeout) -> #{reason => heartbeat_timeout, signal => 9};
ended({refused, Why}) -> #{reason => Why};
ended(Why) -> #{reason => Why}.

%% @doc The same of a `died' whose sender may have been no port of a pool but its heir.
-spec worker(worker() | term()) -> worker().
worker(#{reason := _, stderr_tail := _} = Worker) -> Worker;
worker(Cause) -> worker(Cause, <<>>).

%% @doc For the log, on one line.
-spec text(cause()) -> unicode:chardata().
text({exit_status, ?EXIT_NO_MEMORY}) -> "no memory was left for it";
text({stuck_call, Pid}) when is_pid(Pid) -> io_lib:format("a call of ~p did not stop", [Pid]);
text({stuck_call, unknown}) -> "a call did not stop";
text(Cause) -> io_lib:format("~tp", [reason(Cause)]).
