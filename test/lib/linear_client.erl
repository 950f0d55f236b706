%% A client of the linearizability tests: an Erlang process that works off a list of steps on a dict and remembers what
%% it asked, when, and what it got.
-module(linear_client).

-export([start/5, begin_at/2, await/1, look/2, look_whole/2]).

-define(PATIENCE, 60000).   % milliseconds after which an answer is not slow but missing

-type client() :: {pid(), reference()}.
-type step() :: {Op :: atom(), Key :: binary(), Number :: none | pos_integer() | [Argument :: term()],
                 PauseMicros :: non_neg_integer()}.
%% An operation, as the API does it or a faulty one, and what is made of its answer when the time is taken.
-type backend() :: {fun((Op :: atom(), py:shared_dict(), Key :: binary(), Value :: term()) -> term()),
                    fun((Op :: atom(), Given :: term()) -> linear_result())}.
-type linear_result() :: term().

%% @doc It waits to be told when to begin.
-spec start(linear_steps:kind(), pos_integer(), [step()], py:shared_dict(), linear_recorder:env()) -> client().
start(Kind, Client, Steps, SD, #{erlang_fault := Fault, recovered := Recovered}) ->
    Parent = self(),
    Ref = make_ref(),
    Todo = [{Op, Key, Number, value(Kind, Number), Pause} || {Op, Key, Number, Pause} <- Steps],
    Name = <<"erlang ", (integer_to_binary(Client))/binary>>,
    Pid = spawn_link(fun() ->
                             receive {begin_at, Time} -> linear_clock:wait_until(Time) end,
                             Backend = backend(Kind, Fault),
                             Parent ! {Ref, [work(Name, Step, SD, Backend, Recovered) || Step <- Todo]}
                     end),
    {Pid, Ref}.

value(register, none) -> none;
value(register, Number) -> linear_value:encode(Number);
value(_, Arguments) -> linear_operations:encode(Arguments).

-spec backend(linear_steps:kind(), linear_faults:fault() | linear_whole_faults:fault()) -> backend().
backend(register, Fault) -> {linear_faults:backend(Fault), fun register_result/2};
backend(_, Fault) -> {linear_whole_faults:backend(Fault), fun linear_operations:result/2}.

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
    Backend = backend(register, right),
    [work(<<"erlang at the end">>, {get, Key, none, none, 0}, SD, Backend, fun() -> ok end) || Key <- Keys].

%% @doc All that a reader finds in a dict or list in the end.
-spec look_whole(linear_steps:kind(), py:shared_dict()) -> linear:history().
look_whole(Kind, Object) ->
    Step = {items, atom_to_binary(Kind), [], [], 0},
    [work(<<"erlang at the end">>, Step, Object, backend(Kind, right), fun() -> ok end)].

work(Name, {Op, Key, Number, Value, Pause}, SD, {Do, Result}, Recovered) ->
    _ = Pause > 0 andalso linear_clock:wait_until(linear_clock:now_ns() + 1000 * Pause),
    Invoked = linear_clock:now_ns(),
    Given = try Do(Op, SD, Key, Value)
            catch
                exit:{port_down, _} -> unknown;
                error:badarg -> {failed, badarg}
            end,
    Returned = linear_clock:now_ns(),
    _ = Given =:= unknown andalso Recovered(),
    Operation = #{process => Name, key => Key, op => Op, arg => Number, invoked => Invoked},
    case Given of
        unknown -> Operation#{result => unknown, returned => infinity};
        _ -> Operation#{result => result(Result, Op, Given), returned => Returned}
    end.

result(_, _, {failed, _} = Failed) -> Failed;
result(Result, Op, Given) -> Result(Op, Given).

%% The only errors that leave everything as it was.
register_result(_, {error, table_full} = Error) -> {refused, Error};
register_result(_, {error, {table_full, _}} = Error) -> {refused, Error};
register_result(_, {error, busy} = Error) -> {refused, Error};
register_result(_, {error, overloaded} = Error) -> {refused, Error};
register_result(_, {error, _} = Error) -> {failed, Error};
register_result(get, missing) -> missing;
register_result(get, Value) -> linear_value:decode(Value);
register_result(_, Given) -> Given.
