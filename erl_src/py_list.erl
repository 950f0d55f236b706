%% @private Lists that live in the table: dicts with keys 0, 1, 2, ..., of which the table lets nobody add another than the
%% next, or take another than the last. So each of these is one change, tried again when another came first. What happened
%% is returned as by py_dict.
-module(py_list).

-export([append/2, pop/1, to_list/1, size/1]).

-compile({no_auto_import, [size/1]}).

-spec append(term(), term()) -> py_dict:result(ok).
append(Handle, Value) ->
    case size(Handle) of
        {value, Size} -> appended(py_dict:put_new(Handle, Size, Value), Handle, Value);
        Result -> Result
    end.

appended(missing, Handle, Value) -> append(Handle, Value);             % another appended
appended({badarg, {2, key}}, Handle, Value) -> append(Handle, Value);  % another popped
appended(Result, _, _) -> Result.

%% @doc `missing' when the list is empty.
-spec pop(term()) -> py_dict:result({value, term()} | missing).
pop(Handle) ->
    case size(Handle) of
        {value, 0} -> missing;
        {value, Size} -> popped(py_dict:take(Handle, Size - 1), Handle);
        Result -> Result
    end.

popped(missing, Handle) -> pop(Handle);
popped({badarg, {2, key}}, Handle) -> pop(Handle);
popped(Result, _) -> Result.

%% @doc All of it as it is at one moment.
-spec to_list(term()) -> py_dict:result({value, [term()]}).
to_list(Handle) ->
    case of_list(Handle, fun() -> py_dict:items(Handle, #{}) end) of
        {value, Items} -> {value, [Value || {_, Value} <- lists:keysort(1, Items)]};
        Result -> Result
    end.

-spec size(term()) -> py_dict:result({value, non_neg_integer()}).
size(Handle) ->
    case of_list(Handle, fun() -> py_dict:info(Handle) end) of
        {value, #{keys := Keys}} -> {value, Keys};
        Result -> Result
    end.

of_list(Handle, Do) ->
    case {py_handle:is_handle(Handle), py_handle:is_list(Handle)} of
        {true, false} -> {badarg, {1, not_a_list}};
        _ -> Do()
    end.
