%% @private Transactions: a fun reads and writes keys of one dict, and all of it becomes true at one moment, or nothing.
%%
%% Optimistic: nothing is held while the fun runs. What it reads is remembered with its stamp, what it writes is kept here, in the
%% process's dictionary, and at the end one request (TRANSACT) changes all if all that was read is so still. If not, the fun is
%% applied again. A process that is killed amid it leaves nothing, as it had written nothing.
%%
%% To py_dict a transaction is one more place for a dict to be: serve/3 takes the operations that go to the port program
%% otherwise, so every function on dicts works on a transaction.
-module(py_transaction).

-include("py_protocol.hrl").

-export([run/3, serve/3, is_open/1, not_a_dict/1]).

-export_type([transaction/0, options/0]).

-opaque transaction() :: {'$pyport_transaction', reference()}.
-type options() :: #{retries => non_neg_integer() | infinity, timeout => timeout()}.

-type key() :: py_protocol:key().
-type flags() :: py_protocol:flags().
-type stamp() :: py_protocol:stamp() | {own, pos_integer()}.

-record(state, {handle :: py_handle:handle(),
                read = #{} :: #{key() => py_protocol:stamp()},
                all = [] :: [py_protocol:stamp()],                       % of the whole dict, as it was read
                values = #{} :: #{{key(), flags()} => term()},           % of keys that were read and are there
                snapshots = #{} :: #{keys | {items, flags()} => term()},
                writes = #{} :: #{key() => {pos_integer(), {put, term()} | delete}},
                count = 0 :: non_neg_integer(),                          % of writes
                broken = none :: none | {key, key()}}).                  % was read twice, and was another

-define(TAG, '$pyport_transaction').

%% Where the transaction of a dict is found that the process is in.
-define(OF(Handle), {?TAG, Handle}).

-define(AT_ONCE, 3).         % attempts before the first pause
-define(MOST_PAUSE, 32).     % milliseconds

-define(IS_INT64(N), N >= -(1 bsl 63), N < 1 bsl 63).

%% @doc Applies the fun until nobody has changed meanwhile what it had read. What it raises is raised, if what it had read was so
%% at one moment; else it is applied again.
-spec run(term(), fun((transaction()) -> Result), term()) -> py_dict:result({ok, Result}).
run(Handle, Fun, Options) ->
    case {options(Options), where(Handle)} of
        {error, {new, _}} -> {badarg, {3, transaction_options}};
        {_, {badarg, _} = Badarg} -> Badarg;
        {error, _} -> {badarg, {3, transaction_options}};
        {_, {inside, Transaction}} -> nested(Transaction, Fun);
        {{ok, Retries, Deadline}, {new, Handle}} -> attempts(Handle, Fun, Retries, Deadline, 0)
    end.

where(Handle) ->
    case {py_handle:is_handle(Handle), get(Handle)} of
        {true, _} ->
            case get(?OF(Handle)) of
                undefined -> {new, Handle};
                Transaction -> {inside, Transaction}
            end;
        {false, #state{}} -> {inside, Handle};
        {false, _} -> not_a_dict(Handle)
    end.

options(Options) when is_map(Options) -> options(maps:to_list(Options), infinity, infinity);
options(_) -> error.

options([], Retries, Deadline) -> {ok, Retries, Deadline};
options([{retries, N} | Rest], _, Deadline) when N =:= infinity; is_integer(N), N >= 0 -> options(Rest, N, Deadline);
options([{timeout, infinity} | Rest], Retries, _) -> options(Rest, Retries, infinity);
options([{timeout, Time} | Rest], Retries, _) when is_integer(Time), Time >= 0 -> options(Rest, Retries, now_ms() + Time);
options(_, _, _) -> error.

now_ms() -> erlang:monotonic_time(millisecond).

attempts(Handle, Fun, Retries, Deadline, Failed) ->
    case attempt(Handle, Fun) of
        {conflict, Key} when Failed >= Retries -> {error, {conflict, Key}};   % a number is always less than infinity
        {conflict, _} ->
            ok = pause(Failed),
            case Deadline =/= infinity andalso now_ms() >= Deadline of
                true -> {error, timeout};
                false -> attempts(Handle, Fun, Retries, Deadline, Failed + 1)
            end;
        {raise, Class, Reason, Stack} -> erlang:raise(Class, Reason, Stack);
        Done -> Done
    end.

%% Those who come in each other's way do not meet again and again: the more often, the longer they wait, each another time.
pause(Failed) when Failed < ?AT_ONCE ->
    _ = erlang:yield(),
    ok;
pause(Failed) -> timer:sleep(erlang:phash2(make_ref(), min(?MOST_PAUSE, 1 bsl min(Failed - ?AT_ONCE + 1, 8)))).

attempt(Handle, Fun) ->
    Transaction = {?TAG, make_ref()},
    _ = put(Transaction, #state{handle = Handle}),
    _ = put(?OF(Handle), Transaction),
    try {done, Fun(Transaction)} of
        {done, Result} ->
            case commit(get(Transaction)) of
                ok -> {ok, Result};
                Failure -> Failure
            end
    catch
        Class:Reason:Stack ->
            case holds(get(Transaction)) of
                {conflict, _} = Conflict -> Conflict;
                _ -> {raise, Class, Reason, Stack}
            end
    after
        _ = erase(?OF(Handle)),
        _ = erase(Transaction)
    end.

%% A part of the one around it: what it wrote is forgotten if it fails, and what it read counts.
nested(Transaction, Fun) ->
    #state{writes = Before} = get(Transaction),
    try {ok, Fun(Transaction)}
    catch
        Class:Reason:Stack ->
            _ = put(Transaction, (get(Transaction))#state{writes = Before}),
            erlang:raise(Class, Reason, Stack)
    end.

%%% The end

commit(#state{broken = {key, Key}}) -> {conflict, Key};
commit(#state{read = Read, all = All, writes = Writes} = State) ->
    case map_size(Writes) =:= 0 andalso map_size(Read) + length(All) =< 1 of
        true -> ok;   % what is read in one step is of one moment
        false -> commit(State, maps:to_list(Read))
    end.

commit(#state{handle = Handle, all = All, writes = Writes}, Read) ->
    case py_dict:transact(Handle, Read, All, changes(Writes)) of
        {value, 0} -> {conflict, all};
        {value, N} -> {conflict, element(1, lists:nth(N, Read))};
        Result -> Result
    end.

%% In the order in which they were written.
changes(Writes) ->
    [change(Key, What) || {_, Key, What} <- lists:sort([{N, Key, What} || {Key, {N, What}} <- maps:to_list(Writes)])].

change(Key, {put, Value}) -> {Key, Value};
change(Key, delete) -> Key.

holds(State) -> commit(State#state{writes = #{}}).

%%% Inside: the operations of py_dict

%% @doc An operation on a transaction instead of a dict; and what is said of a term that is neither.
-spec serve(term(), atom(), [term()]) -> py_dict:result(term()).
serve(Transaction, Op, Args) ->
    case get(Transaction) of
        #state{} = State ->
            {Result, Next} = perform(Op, Args, State),
            _ = put(Transaction, Next),
            Result;
        _ -> not_a_dict(Transaction)
    end.

%% @doc Whether it is a transaction that the calling process is in.
-spec is_open(term()) -> boolean().
is_open(Transaction) -> is_record(get(Transaction), state).

%% @doc What is wrong with a term that is neither a handle nor such a transaction.
-spec not_a_dict(term()) -> {badarg, py_error:cause()}.
not_a_dict({?TAG, Ref}) when is_reference(Ref) -> {badarg, {1, transaction_over}};
not_a_dict(_) -> {badarg, {1, not_a_handle}}.

-spec perform(atom(), [term()], #state{}) -> {term(), #state{}}.
perform(get, [Key | Flags], State) -> without_stamp(read(Key, flags(Flags), State));
perform(get_stamped, [Key | Flags], State) -> read(Key, flags(Flags), State);
perform(is_key, [Key], State) ->
    case read(Key, 0, State) of
        {{value, _}, Next} -> {ok, Next};
        Other -> Other
    end;
perform(set, [Key, Value, dict], State) -> perform(set, [Key, Value], State);
perform(set, [Key, Value], State) -> {ok, write(Key, {put, Value}, State)};
perform(del, [Key], State) -> {ok, write(Key, delete, State)};
perform(take, [Key], State) ->
    case read(Key, 0, State) of
        {{value, {_, Value}}, Next} -> {{value, Value}, write(Key, delete, Next)};
        Other -> Other
    end;
perform(put_if, [Key, Value, Stamp, dict], State) -> perform(put_if, [Key, Value, Stamp], State);
perform(put_if, [Key, Value, Stamp], State) ->
    case read(Key, 0, State) of
        {{value, {Stamp, _}}, Next} -> {ok, write(Key, {put, Value}, Next)};
        {missing, Next} when Stamp =:= ?ABSENT -> {ok, write(Key, {put, Value}, Next)};
        {Result, Next} when Result =:= missing; element(1, Result) =:= value -> {missing, Next};
        Failed -> Failed
    end;
perform(number, [Key | How], State) ->
    case read(Key, 0, State) of
        {missing, Next} -> number(Key, 0, How, Next);
        {{value, {_, Number}}, Next} -> number(Key, Number, How, Next);
        Failed -> Failed
    end;
perform(get_many, [Keys | Flags], State) -> read_many(Keys, flags(Flags), State);
perform(set_many, [Pairs], State) ->
    {ok, lists:foldl(fun({Key, Value}, Next) -> write(Key, {put, Value}, Next) end, State, Pairs)};
perform(del_many, [Keys], State) -> {ok, delete_all(Keys, State)};
perform(keys, [], State) -> known_keys(State);
perform(items, Flags, State) -> known_items(flags(Flags), State);
perform(clear, [], State) ->
    case known_keys(State) of
        {{value, Keys}, Next} -> {ok, delete_all(Keys, Next)};
        Failed -> Failed
    end;
perform(info, [], State) ->
    case known_keys(State) of
        {{value, Keys}, Next} -> {{value, #{keys => length(Keys)}}, Next};
        Failed -> Failed
    end;
perform(_, _, State) -> {{badarg, {1, transaction}}, State}.   % of dicts alone: name, destroy, times to live

flags([]) -> 0;
flags([Flags]) -> Flags.

without_stamp({{value, {_, Value}}, State}) -> {{value, Value}, State};
without_stamp(Other) -> Other.

%% A key that is written twice keeps its place.
write(Key, What, #state{writes = Writes, count = Count} = State) ->
    Place = case Writes of
                #{Key := {First, _}} -> First;
                #{} -> Count + 1
            end,
    State#state{writes = Writes#{Key => {Place, What}}, count = Count + 1}.

delete_all(Keys, State) -> lists:foldl(fun(Key, Next) -> write(Key, delete, Next) end, State, Keys).

%%% Reading

%% What the transaction itself has written, or what is there, remembered.
-spec read(key(), flags(), #state{}) -> {py_dict:result({value, {stamp(), term()}} | missing), #state{}}.
read(Key, Flags, #state{writes = Writes} = State) ->
    case Writes of
        #{Key := {_, delete}} -> {missing, State};
        #{Key := {_, {put, Value}}} -> {{value, {{own, erlang:phash2(Value)}, py_stored:read_back(Value)}}, State};
        #{} -> read_known(Key, Flags, State)
    end.

read_known(Key, Flags, #state{read = Read, values = Values} = State) ->
    case {Read, Values} of
        {#{Key := ?ABSENT}, _} -> {missing, State};
        {#{Key := Stamp}, #{{Key, Flags} := Value}} -> {{value, {Stamp, Value}}, State};
        _ -> read_there(Key, Flags, State)
    end.

read_there(Key, Flags, #state{handle = Handle} = State) ->
    case py_dict:get_stamped(Handle, Key, Flags) of
        {value, {Stamp, Value}} = Found -> {Found, remember(Key, Flags, Stamp, [Value], State)};
        missing -> {missing, remember(Key, Flags, ?ABSENT, [], State)};
        Failure -> {Failure, State}
    end.

%% Read once more with another conversion, and another by now: it will be tried again.
remember(Key, Flags, Stamp, Value, #state{read = Read, values = Values, broken = Broken} = State) ->
    State#state{read = maps:merge(#{Key => Stamp}, Read),
                values = maps:merge(Values, maps:from_list([{{Key, Flags}, One} || One <- Value])),
                broken = case Read of
                             #{Key := Other} when Other =/= Stamp -> {key, Key};
                             #{} -> Broken
                         end}.

%% Those that are not known yet are read in one step.
read_many(Keys, Flags, #state{handle = Handle} = State) ->
    Unknown = lists:usort([Key || Key <- Keys, not is_known(Key, Flags, State)]),
    case Unknown =/= [] andalso py_dict:get_many_stamped(Handle, Unknown, Flags) of
        false -> {{value, all_known(Keys, Flags, State)}, State};
        {value, Found} ->
            Next = lists:foldl(fun({Key, {}}, Before) -> remember(Key, Flags, ?ABSENT, [], Before);
                                  ({Key, {Stamp, Value}}, Before) -> remember(Key, Flags, Stamp, [Value], Before)
                               end, State, lists:zip(Unknown, Found)),
            {{value, all_known(Keys, Flags, Next)}, Next};
        Failure -> {Failure, State}
    end.

is_known(Key, Flags, #state{writes = Writes, read = Read, values = Values}) ->
    is_map_key(Key, Writes) orelse is_map_key({Key, Flags}, Values) orelse maps:get(Key, Read, unknown) =:= ?ABSENT.

all_known(Keys, Flags, State) -> [known(read(Key, Flags, State)) || Key <- Keys].

known({{value, {_, Value}}, _}) -> {Value};
known({missing, _}) -> {}.

%%% Of the whole dict

known_keys(State) ->
    case snapshot(keys, fun py_dict:keys_stamped/1, State) of
        {{value, Keys}, Next} -> {{value, [Key || {Key, _} <- overlaid([{Key, there} || Key <- Keys], Next)]}, Next};
        Failed -> Failed
    end.

known_items(Flags, State) ->
    case snapshot({items, Flags}, fun(Handle) -> py_dict:items_stamped(Handle, Flags) end, State) of
        {{value, Items}, Next} -> {{value, overlaid(Items, Next)}, Next};
        Failed -> Failed
    end.

snapshot(What, Read, #state{handle = Handle, all = All, snapshots = Known} = State) ->
    case Known of
        #{What := Snapshot} -> {{value, Snapshot}, State};
        #{} ->
            case Read(Handle) of
                {value, {Stamp, Snapshot}} ->
                    {{value, Snapshot}, State#state{all = [Stamp | lists:delete(Stamp, All)],
                                                    snapshots = Known#{What => Snapshot}}};
                Failure -> {Failure, State}
            end
    end.

%% Replaced keys keep their places, new ones come last.
overlaid(Items, #state{writes = Writes}) when map_size(Writes) =:= 0 -> Items;
overlaid(Items, #state{writes = Writes}) ->
    There = maps:from_list(Items),
    lists:append([overlaid_one(Item, Writes) || Item <- Items])
        ++ [{Key, py_stored:read_back(Value)} || {Key, Value} <- changes(Writes), not is_map_key(Key, There)].

overlaid_one({Key, _} = Item, Writes) ->
    case Writes of
        #{Key := {_, delete}} -> [];
        #{Key := {_, {put, Value}}} -> [{Key, py_stored:read_back(Value)}];
        #{} -> [Item]
    end.

%%% Numbers

number(_, Before, [?NUMBER_CAS, _, Expected], State) when is_integer(Before), ?IS_INT64(Before), Before =/= Expected ->
    {{value, {Before, Before}}, State};
number(Key, Before, [Operation, Operand, _], State) when is_integer(Before), ?IS_INT64(Before) ->
    case after_number(Operation, Before, Operand) of
        After when ?IS_INT64(After) -> {{value, {Before, After}}, write(Key, {put, After}, State)};
        _ -> {{error, {bad_term, [], overflow}}, State}
    end;
number(_, _, _, State) -> {{error, {bad_term, [], not_an_integer}}, State}.

after_number(?NUMBER_ADD, Before, N) -> Before + N;
after_number(?NUMBER_SUB, Before, N) -> Before - N;
after_number(?NUMBER_BOR, Before, N) -> Before bor N;
after_number(?NUMBER_BXOR, Before, N) -> Before bxor N;
after_number(?NUMBER_BAND, Before, N) -> Before band N;
after_number(?NUMBER_SWAP, _, N) -> N;
after_number(?NUMBER_CAS, _, N) -> N.
