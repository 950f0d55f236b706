%% Dicts, lists and locks that are wrong in a small way, to see whether the linearizability tests find it.
%% test/ct/data/python/linear_whole_faults.py has the same for Python.
-module(linear_whole_faults).

-export([faults/0, backend/1]).

-export_type([fault/0]).

-type fault() :: right | numbers_in_two_steps | cas_in_two_steps | claims_in_two_steps | clear_singly | writes_singly
               | reads_singly | not_validated | aborted_is_done | forgets_ttl | ends_early | list_in_two_steps | two_holders.

-define(MISSING, '$missing').   % as linear_operations has it
-define(WAIT, 20000).           % nanoseconds

%% @doc Each with the theme in which it is to be found.
-spec faults() -> [{fault(), linear_steps:theme()}].
faults() ->
    [{numbers_in_two_steps, numbers}, {cas_in_two_steps, numbers}, {claims_in_two_steps, claims}, {clear_singly, claims},
     {writes_singly, batches}, {reads_singly, batches}, {not_validated, batches}, {aborted_is_done, batches},
     {forgets_ttl, expiry}, {ends_early, expiry}, {list_in_two_steps, list}, {two_holders, lock}].

-spec backend(fault()) -> fun((Op :: atom(), py:shared_dict(), Key :: binary(), [term()]) -> term()).
backend(Fault) ->
    fun(Op, SD, Key, Arguments) when Fault =:= two_holders -> two_holders(Op, Key, Arguments, SD);
       (Op, SD, Key, Arguments) ->
            case wrong(Fault, Op, Arguments, SD) of
                right -> linear_operations:do(Op, Key, Arguments, SD);
                Given -> Given
            end
    end.

%% Numbers are read, and written later.
wrong(numbers_in_two_steps, Op, [Key, N], SD) when Op =:= add; Op =:= sub; Op =:= swap ->
    case py:shared_dict_get(SD, Key, 0) of
        Before when is_integer(Before) ->
            After = case Op of add -> Before + N; sub -> Before - N; swap -> N end,
            later(),
            replaced(Before, After, Op, Key, SD);
        _ -> {error, {bad_term, [], not_an_integer}}
    end;
wrong(cas_in_two_steps, cas, [Key, Expected, New], SD) ->
    Default = case is_integer(Expected) andalso is_integer(New) of true -> 0; false -> undefined end,
    case py:shared_dict_get(SD, Key, Default) of
        Expected ->
            later(),
            py:shared_dict_set(SD, Key, New);
        Other -> {error, Other}
    end;
%% It is seen whether there is the key, and done later.
wrong(claims_in_two_steps, take, [Key], SD) ->
    Found = py:shared_dict_get(SD, Key, ?MISSING),
    later(),
    ok = py:shared_dict_del(SD, Key),
    Found;
wrong(claims_in_two_steps, put_new, [Key, Value], SD) ->
    Is = py:shared_dict_is_key(SD, Key),
    later(),
    _ = Is orelse py:shared_dict_set(SD, Key, Value),
    not Is;
wrong(clear_singly, clear, [], SD) -> singly(fun(Key) -> py:shared_dict_del(SD, Key) end, py:shared_dict_keys(SD));
wrong(writes_singly, set_many, [Pairs], SD) -> singly(fun({Key, Value}) -> py:shared_dict_set(SD, Key, Value) end, Pairs);
wrong(reads_singly, get_many, [Keys], SD) -> maps:from_list(read_singly(Keys, SD));
wrong(reads_singly, items, [], SD) -> read_singly(py:shared_dict_keys(SD), SD);
%% What a transaction has read may be another when it writes.
wrong(not_validated, transaction, [Actions], SD) ->
    {Read, Written} = try py:shared_dict_transaction(SD, fun(T) -> throw(read_only(Actions, T)) end)
                      catch throw:Done -> Done
                      end,
    later(),
    {Put, Gone} = lists:partition(fun is_tuple/1, Written),
    ok = py:shared_dict_del_many(SD, Gone),
    ok = py:shared_dict_set_many(SD, Put),
    Read;
%% What a transaction has written before it failed stays.
wrong(aborted_is_done, abort, Arguments, SD) -> {aborted, linear_operations:do(transaction, <<"dict">>, Arguments, SD)};
wrong(forgets_ttl, set_ttl, [Key, Value, _, _], SD) -> py:shared_dict_set(SD, Key, Value);
wrong(ends_early, set_ttl, [Key, Value, Ttl, Tag], SD) when Ttl > 1 ->
    linear_operations:do(set_ttl, <<"dict">>, [Key, Value, Ttl div 2, Tag], SD);
wrong(list_in_two_steps, append, [Value], List) ->
    Size = py:shared_list_size(List),
    later(),
    try py:shared_dict_set(List, Size, Value)
    catch error:badarg -> ok   % another popped: it is lost
    end;
wrong(_, _, _, _) -> right.

%% Who should wait gets the lock after all.
two_holders(Op, Key, Arguments, SD) ->
    case linear_operations:do(Op, Key, Arguments, SD) of
        {error, timeout} ->
            ok = py:shared_dict_del(SD, Key),
            linear_operations:do(Op, Key, Arguments, SD);
        {error, not_held} -> ok;
        Given -> Given
    end.

replaced(Before, After, Op, Key, SD) when After >= -(1 bsl 63), After < 1 bsl 63 ->
    ok = py:shared_dict_set(SD, Key, After),
    case Op of swap -> Before; _ -> After end;
replaced(_, _, _, _, _) -> {error, {bad_term, [], overflow}}.

read_singly(Keys, SD) ->
    [{Key, Value} || Key <- Keys, later() =:= ok, Value <- [py:shared_dict_get(SD, Key, ?MISSING)], Value =/= ?MISSING].

singly(Do, List) ->
    lists:foreach(fun(Element) ->
                          ok = Do(Element),
                          later()
                  end, List).

%% What a transaction reads, and what it would write: pairs, and keys that it deletes.
read_only(Actions, T) ->
    Read = linear_operations:actions(Actions, T),
    Keys = lists:usort([case Action of {copy, _, To} -> To; _ -> element(2, Action) end
                        || Action <- Actions, element(1, Action) =/= get]),
    {Read, [case py:shared_dict_get(T, Key, ?MISSING) of ?MISSING -> Key; Value -> {Key, Value} end || Key <- Keys]}.

%% So that others come between.
later() -> linear_clock:wait_until(linear_clock:now_ns() + ?WAIT).
