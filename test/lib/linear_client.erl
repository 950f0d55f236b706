%% A client of the linearizability tests: an Erlang process that works off a list of steps on a dict and remembers what
%% it asked, when, and what it got.
-module(linear_client).

-export([start/4, begin_at/2, await/1, look/2]).

-define(PATIENCE, 60000).   % milliseconds after which an answer is not slow but missing

-type client() :: {pid(), reference()}.
-type step() :: {set | get | del | contains, Key :: binary(), Number :: none | pos_integer(),
                 PauseMicros :: non_neg_integer()}.

%% @doc It waits to be told when to begin.
-spec start(pos_integer(), [step()], py:shared_dict(), linear_recorder:env()) -> client().
start(Client, Steps, SD, #{erlang_fault := Fault, recovered := Recovered}) ->
    Parent = self(),
    Ref = make_ref(),
    Todo = [{Op, Key, Number, value(Number), Pause} || {Op, Key, Number, Pause} <- Steps],
    Name = <<"erlang ", (integer_to_binary(Client))/binary>>,
    Pid = spawn_link(fun() ->
                             receive {begin_at, Time} -> linear_clock:wait_until(Time) end,
                             Backend = linear_faults:backend(Fault),
                             Parent ! {Ref, [work(Name, Step, SD, Backend, Recovered) || Step <- Todo]}
                     end),
    {Pid, Ref}.

value(none) -> none;
value(Number) -> linear_value:encode(Number).

-spec begin_at(client(), linear:time()) -> ok.
begin_at({Pid, _}, Time) ->
    Pid ! {begin_at, Time},
    ok.

%% @doc What it did.
-spec await(client()) -> linear:history().
await({Pid, Ref}) ->
    receive {Ref, Operations} -> Operations
    after ?PATIENCE -> error({client_hangs, erlang:process_info(Pid, current_stacktrace)})
    end.

%% @doc What a reader finds in the end.
-spec look(py:shared_dict(), [binary()]) -> linear:history().
look(SD, Keys) ->
    Backend = linear_faults:backend(right),
    [work(<<"erlang at the end">>, {get, Key, none, none, 0}, SD, Backend, fun() -> ok end) || Key <- Keys].

work(Name, {Op, Key, Number, Value, Pause}, SD, Backend, Recovered) ->
    _ = Pause > 0 andalso linear_clock:wait_until(linear_clock:now_ns() + 1000 * Pause),
    Invoked = linear_clock:now_ns(),
    Given = try Backend(Op, SD, Key, Value)
            catch
                exit:{port_down, _} -> unknown;
                error:badarg -> {failed, badarg}
            end,
    Returned = linear_clock:now_ns(),
    _ = Given =:= unknown andalso Recovered(),
    Operation = #{process => Name, key => Key, op => Op, arg => Number, invoked => Invoked},
    case Given of
        unknown -> Operation#{result => unknown, returned => infinity};
        _ -> Operation#{result => result(Op, Given), returned => Returned}
    end.

%% The only errors that leave everything as it was.
result(_, {error, table_full} = Error) -> {refused, Error};
result(_, {error, {table_full, _}} = Error) -> {refused, Error};
result(_, {error, busy} = Error) -> {refused, Error};
result(_, {error, overloaded} = Error) -> {refused, Error};
result(_, {error, _} = Error) -> {failed, Error};
result(_, {failed, _} = Failed) -> Failed;
result(get, missing) -> missing;
result(get, Value) -> linear_value:decode(Value);
result(_, Given) -> Given.
