%% How a client of the linearizability tests uses a dict: by the API, or by something that is wrong in a small way,
%% to see whether the tests find it. test/ct/data/python/linear_faults.py has the same for Python.
-module(linear_faults).

-export([faults/0, backend/1]).

-export_type([fault/0, backend/0]).

-type fault() :: right | lost_update | stale_read | half_write.
-type backend() :: fun((set | get | del | contains, py:shared_dict(), Key :: binary(), Value :: term()) -> term()).
%% What the API gives; get: `missing' when there is no such key.

-spec faults() -> [fault()].
faults() -> [lost_update, stale_read, half_write].

%% @doc For one client: what it remembers lies with its process.
-spec backend(fault()) -> backend().
backend(right) -> fun api/4;
backend(lost_update) -> fun lost_update/4;
backend(stale_read) -> fun stale_read/4;
backend(half_write) -> fun half_write/4.

api(set, SD, Key, Value) -> py:shared_dict_set(SD, Key, Value);
api(get, SD, Key, _) -> py:shared_dict_get(SD, Key, missing);
api(del, SD, Key, _) -> py:shared_dict_del(SD, Key);
api(contains, SD, Key, _) ->
    case py:shared_dict_keys(SD) of
        Keys when is_list(Keys) -> lists:member(Key, Keys);
        Error -> Error
    end.

%% Every third set is acknowledged and never done.
lost_update(set, SD, Key, Value) ->
    case count() rem 3 of
        0 -> ok;
        _ -> api(set, SD, Key, Value)
    end;
lost_update(Op, SD, Key, Value) -> api(Op, SD, Key, Value).

count() ->
    N = case get(?MODULE) of undefined -> 1; Before -> Before + 1 end,
    put(?MODULE, N),
    N.

%% Every second read of a key gives what the one before it gave.
stale_read(get, SD, Key, _) ->
    case erase({?MODULE, Key}) of
        {cached, Value} -> Value;
        undefined ->
            Value = api(get, SD, Key, none),
            put({?MODULE, Key}, {cached, Value}),
            Value
    end;
stale_read(Op, SD, Key, Value) -> api(Op, SD, Key, Value).

%% A value is replaced in two parts, and both are seen.
half_write(set, SD, Key, Value) ->
    _ = case mixed(Value, api(get, SD, Key, none)) of
            none -> ok;
            Mixed ->
                api(set, SD, Key, Mixed),
                erlang:yield()
        end,
    api(set, SD, Key, Value);
half_write(Op, SD, Key, Value) -> api(Op, SD, Key, Value).

mixed(New, Old) when is_binary(New), is_binary(Old) ->
    <<(binary:part(New, 0, byte_size(New) div 2))/binary,
      (binary:part(Old, byte_size(Old) div 2, byte_size(Old) - byte_size(Old) div 2))/binary>>;
mixed(New, Old) when is_list(New), is_list(Old) ->
    lists:sublist(New, length(New) div 2) ++ lists:nthtail(length(Old) div 2, Old);
mixed(_, _) -> none.
