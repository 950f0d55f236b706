%% @private Operating system processes: whether one lives, and its end. Linux only, by /proc.
%%
%% A process is known by its pid and its start time, so that a pid that was given to another process
%% is never mistaken for ours.
-module(py_os).

-export([identify/1, os_pid/1, started/1, alive/1, kill/1, wait_gone/2]).

-export_type([identity/0]).

-record(process, {pid :: pos_integer(), started :: binary(), leader :: boolean()}).
-opaque identity() :: #process{}.

-define(POLL, 5).   % milliseconds between two looks

%% @doc Who the process is now; `gone' when there is none.
-spec identify(pos_integer()) -> {ok, identity()} | gone.
identify(Pid) ->
    case stat(Pid) of
        {ok, Started, Group} -> {ok, #process{pid = Pid, started = Started, leader = Group =:= Pid}};
        gone -> gone
    end.

-spec os_pid(identity()) -> pos_integer().
os_pid(#process{pid = Pid}) -> Pid.

%% @doc When it was started, as the kernel tells it: clock ticks after the machine's own start, in digits.
-spec started(identity()) -> binary().
started(#process{started = Started}) -> Started.

-spec alive(identity()) -> boolean().
alive(#process{pid = Pid, started = Started}) ->
    case stat(Pid) of
        {ok, Started, _} -> true;
        _ -> false
    end.

%% @doc Kills the process, and those of its process group when it leads one, which may outlive it.
-spec kill(identity()) -> ok.
kill(#process{pid = Pid, leader = Leader} = Process) ->
    Group = [io_lib:format("kill -9 -~b 2>/dev/null;", [Pid]) || Leader],
    Self = [io_lib:format("kill -9 ~b 2>/dev/null;", [Pid]) || alive(Process)],
    _ = [os:cmd(lists:flatten([Group, Self])) || Group =/= [] orelse Self =/= []],
    ok.

%% @doc Waits until the process is gone, at most so many milliseconds.
-spec wait_gone(identity(), non_neg_integer()) -> gone | still_alive.
wait_gone(Process, Millis) -> wait_until(Process, erlang:monotonic_time(millisecond) + Millis).

wait_until(Process, Deadline) ->
    case alive(Process) of
        false -> gone;
        true ->
            case erlang:monotonic_time(millisecond) >= Deadline of
                true -> still_alive;
                false ->
                    timer:sleep(?POLL),
                    wait_until(Process, Deadline)
            end
    end.

%% Fields of /proc/Pid/stat after the name, which may itself hold blanks and brackets: state (1),
%% process group (3), start time (20). A zombie is gone: nothing of it runs.
stat(Pid) ->
    case file:read_file(["/proc/", integer_to_list(Pid), "/stat"]) of
        {ok, Stat} ->
            Fields = binary:split(lists:last(binary:split(Stat, <<") ">>, [global])), <<" ">>, [global, trim_all]),
            running(Fields);
        {error, _} -> gone
    end.

running([State | _]) when State =:= <<"Z">>; State =:= <<"X">> -> gone;
running(Fields) -> {ok, lists:nth(20, Fields), binary_to_integer(lists:nth(3, Fields))}.
