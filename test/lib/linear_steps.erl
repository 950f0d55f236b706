%% The steps of clients that use a whole dict, a list or locks: PropEr generates them. Each kind of history has few keys and
%% values, so that they meet; that of dicts has themes, so that operations meet which depend upon each other.
-module(linear_steps).

-export([themes/0, kind/1, steps/2, numbered/3]).

-export_type([kind/0, theme/0, step/0]).

%% What PropEr's header says of these; Debian puts the header into a package of its own.
-import(proper_types, [range/2, oneof/1, frequency/1, vector/2]).
-define(LET(X, Type, Generator), proper_types:bind(Type, fun(X) -> Generator end, false)).

-type kind() :: register | dict | list | lock.
-type theme() :: numbers | claims | batches | expiry | all | list | lock.
-type language() :: erlang | python.
-type step() :: {Op :: atom(), Key :: binary(), Arguments :: [term()], PauseMicros :: non_neg_integer()}.

-define(KEYS, [<<"a">>, <<"b">>, <<"c">>]).
-define(LOCKS, [<<"a">>, <<"b">>]).
-define(DICT, <<"dict">>).
-define(LIST, <<"list">>).
-define(MOST_STEPS, 10).

-spec themes() -> [theme()].
themes() -> [numbers, claims, batches, expiry, all, list, lock].

-spec kind(theme()) -> kind().
kind(list) -> list;
kind(lock) -> lock;
kind(_) -> dict.

%% @doc A generator of the steps of one client, in Erlang or in Python, which has more operations on lists.
-spec steps(theme(), language()) -> proper_types:type().
steps(lock, Language) ->
    ?LET(Steps, some(lock, Language), Steps ++ [{leave, Key, [client, 0], 0} || Key <- ?LOCKS]);
steps(Theme, Language) -> some(Theme, Language).

some(Theme, Language) -> ?LET(N, range(2, ?MOST_STEPS), vector(N, step(Theme, Language))).

step(lock, _) -> ?LET({Key, Wait, Pause}, {oneof(?LOCKS), frequency([{3, 0}, {1, 1}]), pause()},
                      {turn, Key, [client, Wait], Pause});
step(list, Language) -> ?LET({{Op, Arg}, Pause}, {list_op(Language), pause()}, {Op, ?LIST, Arg, Pause});
step(expiry, _) -> ?LET({{Op, Arg}, Pause}, {op(expiry), long_pause()}, {Op, ?DICT, Arg, Pause});
step(Theme, _) -> ?LET({{Op, Arg}, Pause}, {op(Theme), pause()}, {Op, ?DICT, Arg, Pause}).

op(numbers) ->
    frequency([{4, {oneof([add, sub]), [key(), addend()]}}, {2, {oneof(['bor', 'bxor', 'band']), [key(), small()]}},
               {2, {swap, [key(), small()]}}, {3, {cas, [key(), small(), small()]}}, {1, {cas, [key(), value(), value()]}},
               {2, {update, [key(), small(), small()]}}, {2, {get, [key()]}}, {1, {set, [key(), value()]}}, {1, {items, []}},
               {1, {del, [key()]}}]);
op(claims) ->
    frequency([{3, {take, [key()]}}, {3, {put_new, [key(), value()]}}, {2, {setdefault, [key(), value()]}},
               {2, {popitem, []}}, {2, {clear, []}}, {1, {size, []}}, {2, {items, []}}, {3, {set, [key(), value()]}},
               {1, {del, [key()]}}, {1, {contains, [key()]}}, {1, {get, [key()]}}]);
op(batches) ->
    frequency([{4, {set_many, [pairs()]}}, {3, {get_many, [keys()]}}, {4, {transaction, [actions()]}},
               {1, {abort, [actions()]}}, {2, {items, []}}, {1, {clear, []}}, {1, {set, [key(), value()]}}, {1, {get, [key()]}}]);
op(expiry) ->
    frequency([{4, {set_ttl, [key(), value(), range(1, 3), tag]}}, {4, {get, [key()]}}, {2, {contains, [key()]}},
               {1, {set, [key(), value()]}}, {1, {take, [key()]}}, {1, {put_new, [key(), value()]}}, {1, {size, []}},
               {2, {items, []}}, {1, {get_many, [keys()]}}]);
op(all) -> oneof([op(numbers), op(claims), op(batches)]).

list_op(erlang) -> frequency(appends());
list_op(python) ->
    frequency(appends() ++ [{1, {extend, [?LET(N, range(0, 3), vector(N, value()))]}}, {1, {insert, [index(), value()]}},
                            {1, {set_at, [index(), value()]}}, {1, {pop_at, [index()]}}, {1, {del_at, [index()]}}]).

appends() -> [{4, {append, [value()]}}, {3, {pop, []}}, {1, {get_at, [index()]}}, {1, {size, []}}, {2, {items, []}}].

key() -> oneof(?KEYS).

keys() -> ?LET(Marks, vector(length(?KEYS), range(0, 2)), [Key || {Key, N} <- lists:zip(?KEYS, Marks), N > 0]).

pairs() -> ?LET({Keys, Values}, {keys(), vector(length(?KEYS), value())}, lists:zip(Keys, lists:sublist(Values, length(Keys)))).

index() -> range(0, 3).

small() -> range(0, 3).

%% Seldom one that leads over the border.
addend() -> frequency([{12, range(-1, 3)}, {1, (1 bsl 63) - 1}]).

%% Some that nobody else writes, and some that many do.
value() ->
    frequency([{4, small()}, {2, {value, oneof([20, 36, 42])}}, {3, {new, oneof([0, 4, 7, 10, 13])}},
               {1, {new, oneof([8, 12, 14])}}]).

%% At most one that writes a key: what comes of several is told by other tests.
actions() ->
    ?LET(Actions, ?LET(N, range(1, 4), vector(N, action())), once(Actions, [])).

action() ->
    frequency([{3, {get, key()}}, {2, {put, key(), value()}}, {1, {del, key()}}, {3, {inc, key(), range(1, 3)}},
               {2, {copy, key(), key()}}]).

once([], _) -> [];
once([{get, _} = Action | Actions], Written) -> [Action | once(Actions, Written)];
once([Action | Actions], Written) ->
    Key = case Action of {copy, _, To} -> To; _ -> element(2, Action) end,
    case lists:member(Key, Written) of
        true -> once(Actions, Written);
        false -> [Action | once(Actions, [Key | Written])]
    end.

pause() -> frequency([{6, 0}, {2, range(1, 20)}, {1, range(20, 200)}]).

long_pause() -> frequency([{2, 0}, {2, range(1, 200)}, {3, range(200, 1000)}]).

%% @doc What a client does with its N-th step: a value of its own has a number.
numbered(_, _, Number) when is_integer(Number); is_binary(Number) -> Number;
numbered(Client, _, client) -> Client;
numbered(Client, N, tag) -> linear_value:number(Client, N, 0);
numbered(Client, N, {new, Form}) when Form < 4 -> linear_value:number(Client, N, Form);
numbered(Client, N, {new, Form}) -> {value, linear_value:number(Client, N, Form)};
numbered(Client, N, List) when is_list(List) -> [numbered(Client, N, Element) || Element <- List];
numbered(Client, N, Tuple) when is_tuple(Tuple) -> list_to_tuple(numbered(Client, N, tuple_to_list(Tuple)));
numbered(_, _, Word) -> Word.
