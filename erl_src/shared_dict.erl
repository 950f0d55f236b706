%% @doc Shared dictionaries under the names of module {@link maps}.
%%
%% ```
%% {ok, SD} = shared_dict:new(),
%% ok = shared_dict:put(SD, <<"visits">>, 1),
%% 2 = shared_dict:update_with(SD, <<"visits">>, fun(N) -> N + 1 end),
%% #{<<"visits">> := 2} = shared_dict:to_map(SD).
%% '''
%%
%% Each function is one of module {@link py}, which tells more of it. A dict is changed where it is, so it comes first, as a
%% table does with ets; behind a fun, and in `with' and `without', it comes last, as with maps. Errors are those of `py': a
%% function gives `{error, Reason}' where its type says so, and raises `badarg' for wrong arguments and dicts that are no
%% more.
-module(shared_dict).

-export([new/0, new/1, open/1, open/2, names/0, delete/1, from_map/1, from_map/2, destroy/1, name/1, info/1]).
-export([get/2, get/3, find/2, put/3, put/4, put_new/3, put_new/4, take/2, take/3, remove/2, update_with/3, update_with/4, is_key/2]).
-export([add/3, sub/3, 'bor'/3, 'bxor'/3, 'band'/3, swap/3, cas/4]).
-export([transaction/2, transaction/3]).
-export([wait/3, wait/4, subscribe/1, subscribe/2, subscribe/3, unsubscribe/1]).
-export([keys/1, values/1, to_list/1, to_map/1, size/1, clear/1, merge/2, with/2, without/2, fold/3, foreach/2]).

-type sd() :: py:shared_dict().
-type key() :: py:key().
-type known_key() :: binary() | integer().
-type value() :: py:value().
-type failure() :: {error, py:reason()}.

%% @equiv py:shared_dict_new()
-spec new() -> {ok, sd()} | failure().
new() -> py:shared_dict_new().

%% @equiv py:shared_dict_new(Options)
-spec new(py:dict_options()) -> {ok, sd()} | failure().
new(Options) -> py:shared_dict_new(Options).

%% @equiv py:shared_dict_open(Name)
-spec open(py:dict_name()) -> {ok, sd()} | {error, not_found} | failure().
open(Name) -> py:shared_dict_open(Name).

%% @equiv py:shared_dict_open(Name, Options)
-spec open(py:dict_name(), py:open_options()) -> {ok, sd()} | {error, not_found} | failure().
open(Name, Options) -> py:shared_dict_open(Name, Options).

%% @equiv py:shared_dict_names()
-spec names() -> [binary()] | failure().
names() -> py:shared_dict_names().

%% @equiv py:shared_dict_delete(Name)
-spec delete(py:dict_name()) -> ok | {error, not_found} | failure().
delete(Name) -> py:shared_dict_delete(Name).

%% @equiv py:shared_dict_from_map(Map, Options)
-spec from_map(#{key() => value()}, py:dict_options()) -> {ok, sd()} | failure().
from_map(Map, Options) -> py:shared_dict_from_map(Map, Options).

%% @equiv py:shared_dict_from_map(Map)
-spec from_map(#{key() => value()}) -> {ok, sd()} | failure().
from_map(Map) -> py:shared_dict_from_map(Map).

%% @equiv py:shared_dict_wait(SD, Key, Wanted)
-spec wait(sd(), key(), value() | fun((value()) -> boolean())) -> {ok, value()} | failure().
wait(SD, Key, Wanted) -> py:shared_dict_wait(SD, Key, Wanted).

%% @equiv py:shared_dict_wait(SD, Key, Wanted, Timeout)
-spec wait(sd(), key(), value() | fun((value()) -> boolean()), timeout()) -> {ok, value()} | {error, timeout} | failure().
wait(SD, Key, Wanted, Timeout) -> py:shared_dict_wait(SD, Key, Wanted, Timeout).

%% @equiv py:shared_dict_subscribe(SD)
-spec subscribe(sd()) -> {ok, py:subscription()} | failure().
subscribe(SD) -> py:shared_dict_subscribe(SD).

%% @equiv py:shared_dict_subscribe(SD, What)
-spec subscribe(sd(), all | {key, key()} | {prefix, binary()}) -> {ok, py:subscription()} | failure().
subscribe(SD, What) -> py:shared_dict_subscribe(SD, What).

%% @equiv py:shared_dict_subscribe(SD, What, Options)
-spec subscribe(sd(), all | {key, key()} | {prefix, binary()}, #{max_queue => pos_integer() | infinity}) ->
          {ok, py:subscription()} | failure().
subscribe(SD, What, Options) -> py:shared_dict_subscribe(SD, What, Options).

%% @equiv py:shared_dict_unsubscribe(Subscription)
-spec unsubscribe(py:subscription()) -> ok | failure().
unsubscribe(Subscription) -> py:shared_dict_unsubscribe(Subscription).

%% @equiv py:shared_dict_destroy(SD)
-spec destroy(sd()) -> ok | failure().
destroy(SD) -> py:shared_dict_destroy(SD).

%% @equiv py:shared_dict_name(SD)
-spec name(sd()) -> binary() | failure().
name(SD) -> py:shared_dict_name(SD).

%% @equiv py:info(SD)
-spec info(sd()) -> map() | failure().
info(SD) -> py:info(SD).

%% @equiv py:shared_dict_get(SD, Key)
-spec get(sd(), key()) -> value() | failure().
get(SD, Key) -> py:shared_dict_get(SD, Key).

%% @equiv py:shared_dict_get(SD, Key, Default)
-spec get(sd(), key(), Default) -> value() | Default | failure().
get(SD, Key, Default) -> py:shared_dict_get(SD, Key, Default).

%% @doc `{ok, Value}', or `error' when there is no such key: tells a missing one from any value.
-spec find(sd(), key()) -> {ok, value()} | error | failure().
find(SD, Key) ->
    Missing = make_ref(),
    case py:shared_dict_get(SD, Key, Missing) of
        Missing -> error;
        {error, _} = Failure -> Failure;
        Value -> {ok, Value}
    end.

%% @equiv py:shared_dict_set(SD, Key, Value)
-spec put(sd(), key(), value()) -> ok | failure().
put(SD, Key, Value) -> py:shared_dict_set(SD, Key, Value).

%% @equiv py:shared_dict_set(SD, Key, Value, Options)
-spec put(sd(), key(), value(), py:life_options()) -> ok | failure().
put(SD, Key, Value, Options) -> py:shared_dict_set(SD, Key, Value, Options).

%% @equiv py:shared_dict_put_new(SD, Key, Value, Options)
-spec put_new(sd(), key(), value(), py:life_options()) -> boolean() | failure().
put_new(SD, Key, Value, Options) -> py:shared_dict_put_new(SD, Key, Value, Options).

%% @equiv py:shared_dict_put_new(SD, Key, Value)
-spec put_new(sd(), key(), value()) -> boolean() | failure().
put_new(SD, Key, Value) -> py:shared_dict_put_new(SD, Key, Value).

%% @equiv py:shared_dict_take(SD, Key)
-spec take(sd(), key()) -> value() | failure().
take(SD, Key) -> py:shared_dict_take(SD, Key).

%% @equiv py:shared_dict_take(SD, Key, Default)
-spec take(sd(), key(), Default) -> value() | Default | failure().
take(SD, Key, Default) -> py:shared_dict_take(SD, Key, Default).

%% @equiv py:shared_dict_del(SD, Key)
-spec remove(sd(), key()) -> ok | failure().
remove(SD, Key) -> py:shared_dict_del(SD, Key).

%% @equiv py:shared_dict_update_with(SD, Key, Fun)
-spec update_with(sd(), key(), fun((value()) -> Value)) -> Value | failure().
update_with(SD, Key, Fun) -> py:shared_dict_update_with(SD, Key, Fun).

%% @equiv py:shared_dict_update_with(SD, Key, Fun, Initial)
-spec update_with(sd(), key(), fun((value()) -> Value), Initial :: Value) -> Value | failure().
update_with(SD, Key, Fun, Initial) -> py:shared_dict_update_with(SD, Key, Fun, Initial).

%% @equiv py:shared_dict_is_key(SD, Key)
-spec is_key(sd(), key()) -> boolean() | failure().
is_key(SD, Key) -> py:shared_dict_is_key(SD, Key).

%% @equiv py:shared_dict_add(SD, Key, N)
-spec add(sd(), key(), integer()) -> integer() | failure().
add(SD, Key, N) -> py:shared_dict_add(SD, Key, N).

%% @equiv py:shared_dict_sub(SD, Key, N)
-spec sub(sd(), key(), integer()) -> integer() | failure().
sub(SD, Key, N) -> py:shared_dict_sub(SD, Key, N).

%% @equiv py:shared_dict_bor(SD, Key, N)
-spec 'bor'(sd(), key(), integer()) -> integer() | failure().
'bor'(SD, Key, N) -> py:shared_dict_bor(SD, Key, N).

%% @equiv py:shared_dict_bxor(SD, Key, N)
-spec 'bxor'(sd(), key(), integer()) -> integer() | failure().
'bxor'(SD, Key, N) -> py:shared_dict_bxor(SD, Key, N).

%% @equiv py:shared_dict_band(SD, Key, N)
-spec 'band'(sd(), key(), integer()) -> integer() | failure().
'band'(SD, Key, N) -> py:shared_dict_band(SD, Key, N).

%% @equiv py:shared_dict_swap(SD, Key, N)
-spec swap(sd(), key(), integer()) -> integer() | failure().
swap(SD, Key, N) -> py:shared_dict_swap(SD, Key, N).

%% @equiv py:shared_dict_cas(SD, Key, Expected, New)
-spec cas(sd(), key(), Expected :: value(), New :: value()) -> ok | {error, Current :: value() | py:reason()}.
cas(SD, Key, Expected, New) -> py:shared_dict_cas(SD, Key, Expected, New).

%% @equiv py:shared_dict_transaction(SD, Fun)
-spec transaction(sd(), fun((py:transaction()) -> Result)) -> {ok, Result} | failure().
transaction(SD, Fun) -> py:shared_dict_transaction(SD, Fun).

%% @equiv py:shared_dict_transaction(SD, Fun, Options)
-spec transaction(sd(), fun((py:transaction()) -> Result), py:transaction_options()) -> {ok, Result} | failure().
transaction(SD, Fun, Options) -> py:shared_dict_transaction(SD, Fun, Options).

%% @equiv py:shared_dict_keys(SD)
-spec keys(sd()) -> [known_key()] | failure().
keys(SD) -> py:shared_dict_keys(SD).

%% @doc All values, in the order of {@link keys/1}.
-spec values(sd()) -> [value()] | failure().
values(SD) -> backwards(py:shared_dict_fold(fun(_, Value, Values) -> [Value | Values] end, [], SD)).

%% @doc All keys with their values, as they were at one moment, in the order in which the keys were first set.
-spec to_list(sd()) -> [{known_key(), value()}] | failure().
to_list(SD) -> backwards(py:shared_dict_fold(fun(Key, Value, Pairs) -> [{Key, Value} | Pairs] end, [], SD)).

backwards(List) when is_list(List) -> lists:reverse(List);
backwards(Failure) -> Failure.

%% @equiv py:shared_dict_to_map(SD)
-spec to_map(sd()) -> #{known_key() => value()} | failure().
to_map(SD) -> py:shared_dict_to_map(SD).

%% @equiv py:shared_dict_size(SD)
-spec size(sd()) -> non_neg_integer() | failure().
size(SD) -> py:shared_dict_size(SD).

%% @equiv py:shared_dict_clear(SD)
-spec clear(sd()) -> ok | failure().
clear(SD) -> py:shared_dict_clear(SD).

%% @equiv py:shared_dict_merge(SD, Other)
-spec merge(sd(), sd() | #{key() => value()} | [{key(), value()}]) -> ok | failure().
merge(SD, Other) -> py:shared_dict_merge(SD, Other).

%% @equiv py:shared_dict_get_many(SD, Keys)
-spec with([key()], sd()) -> #{key() => value()} | failure().
with(Keys, SD) -> py:shared_dict_get_many(SD, Keys).

%% @doc A map of all but these keys.
-spec without([key()], sd()) -> #{known_key() => value()} | failure().
without(Keys, SD) ->
    case py:shared_dict_to_map(SD) of
        Map when is_map(Map) -> maps:without([known(Key) || Key <- Keys], Map);
        Failure -> Failure
    end.

known(Key) when is_atom(Key) -> atom_to_binary(Key, utf8);
known(Key) -> Key.

%% @equiv py:shared_dict_fold(Fun, Acc, SD)
-spec fold(fun((known_key(), value(), Acc) -> Acc), Acc, sd()) -> Acc | failure().
fold(Fun, Acc, SD) -> py:shared_dict_fold(Fun, Acc, SD).

%% @equiv py:shared_dict_foreach(Fun, SD)
-spec foreach(fun((known_key(), value()) -> term()), sd()) -> ok | failure().
foreach(Fun, SD) -> py:shared_dict_foreach(Fun, SD).
