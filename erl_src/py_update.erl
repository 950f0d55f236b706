%% @private Changes of a dict that are made of several requests: by what was there, and of whole dicts. What happened is
%% returned as by py_dict.
-module(py_update).

-export([with/3, with/4, from_map/2, merge/2]).

-type handle() :: py_handle:handle().

%% @doc Applies the function until nobody has changed the value meanwhile. Nothing is held while it runs.
-spec with(term(), term(), fun((term()) -> Value)) -> py_dict:result({value, Value} | missing).
with(Handle, Key, Fun) -> with_stamped(Handle, Key, Fun, none).

%% @doc The same with a value for a key that is not there.
-spec with(term(), term(), fun((term()) -> Value), Value) -> py_dict:result({value, Value}).
with(Handle, Key, Fun, Initial) -> with_stamped(Handle, Key, Fun, {initial, Initial}).

with_stamped(Handle, Key, Fun, Initial) ->
    Again = fun() -> with_stamped(Handle, Key, Fun, Initial) end,
    case {py_dict:get_stamped(Handle, Key), Initial} of
        {{value, {Stamp, Old}}, _} ->
            New = Fun(Old),
            stored(py_dict:put_if(Handle, Key, New, Stamp), New, Again);
        {missing, {initial, New}} -> stored(py_dict:put_new(Handle, Key, New), New, Again);
        {Result, _} -> Result
    end.

stored(ok, New, _) -> {value, New};
stored(missing, _, Again) -> Again();
stored(Failure, _, _) -> Failure.

%% @doc A new dict with these keys and values, or none.
-spec from_map(term(), term()) -> py_dict:result({ok, handle()}).
from_map(Map, Options) when is_map(Map) ->
    case py_dict:new(Options) of
        {ok, SD} -> filled(SD, py_dict:set_many(SD, Map));
        Failure -> at_argument(Failure, 2)
    end;
from_map(_, _) -> {badarg, {1, pairs}}.

filled(SD, ok) -> {ok, SD};
filled(SD, Failure) ->
    _ = py_dict:destroy(SD),
    at_argument(Failure, 1).

%% @doc Sets all that another dict, a map or a list of pairs has, at once.
-spec merge(term(), term()) -> py_dict:result(ok).
merge(Handle, Other) ->
    case py_handle:is_handle(Other) orelse py_transaction:is_open(Other) of
        true -> merge_dict(Handle, Other);
        false -> py_dict:set_many(Handle, Other)
    end.

merge_dict(Handle, Other) ->
    case py_dict:items(Other, #{}) of
        {value, Items} -> py_dict:set_many(Handle, Items);
        Failure -> at_argument(Failure, 2)
    end.

%% What is wrong is wrong with that argument of ours.
at_argument({badarg, {_, What}}, Position) -> {badarg, {Position, What}};
at_argument(Failure, _) -> Failure.
