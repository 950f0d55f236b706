%% What is different between the kinds of histories: registers, which are checked key by key, whole dicts, lists and locks.
-module(linear_kind).

-export([model/1, object/4, numbered/3, look/3, completed/1]).

-spec model(linear_steps:kind()) -> linear:model().
model(register) -> linear_register:model();
model(dict) -> linear_dict:model();
model(list) -> linear_list:model();
model(lock) -> linear_lock:model().

%% @doc What the clients work on: the dict, or a list that lies in it.
-spec object(linear_steps:kind(), py:shared_dict(), linear_program:place(), linear_recorder:env()) -> py:shared_dict().
object(list, SD, Place, #{call := Call}) ->
    {ok, List} = Call(Place, make_list, [SD]),
    List;
object(_, SD, _, _) -> SD.

%% @doc The steps of a client with the values that are its own.
-spec numbered(linear_steps:kind(), pos_integer(), [linear_program:step()]) -> [tuple()].
numbered(register, Client, Steps) ->
    [{Op, Key, case Op of set -> linear_value:number(Client, N, Form); _ -> none end, Pause}
     || {N, {Op, Key, Form, Pause}} <- lists:enumerate(Steps)];
numbered(_, Client, Steps) ->
    [{Op, Key, linear_steps:numbered(Client, N, Arguments), Pause} || {N, {Op, Key, Arguments, Pause}} <- lists:enumerate(Steps)].

%% @doc What readers of both languages see in the end.
-spec look(linear_program:program(), py:shared_dict(), linear_recorder:env()) -> [linear:history()].
look(#{kind := lock}, _, _) -> [];
look(#{kind := register, keys := Keys, python := [{Place, _} | _]}, SD, Env) ->
    [linear_client:look(SD, Keys), linear_python:look(Place, SD, Keys, Env)];
look(#{kind := Kind, python := [{Place, _} | _]}, Object, Env) ->
    [linear_client:look_whole(Kind, Object), linear_python:look_whole(Kind, Place, Object, Env)].

%% @doc With the end of each value that has a time to live: that time after it was set, whenever that was. One that was
%% perhaps set may end at any time.
-spec completed(linear:history()) -> linear:history().
completed(History) -> History ++ [expiry(Operation) || #{op := set_ttl} = Operation <- History].

expiry(#{arg := [Key, _, Milliseconds, Tag], invoked := Invoked, returned := Returned} = Operation) ->
    Ttl = Milliseconds * 1000000,
    Expiry = Operation#{process := <<"time">>, op := expire, arg := [Key, Tag], invoked := Invoked + Ttl},
    case Returned of
        infinity -> Expiry;
        _ -> Expiry#{result := ok, returned := Returned + Ttl}
    end.
