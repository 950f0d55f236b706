%% @private Waiting for a key of a dict: watching it, and looking at it after each change.
-module(py_waiting).

-export([wait/4]).
%% For who waits for something else of a key.
-export([watching/3, flush/1]).

%% @doc The value, once it is the wanted one, or the wanted function is true of it.
-spec wait(term(), term(), term() | fun((term()) -> boolean()), timeout() | term()) -> py_dict:result({value, term()}).
wait(Handle, Key, Wanted, Timeout) ->
    case py_deadline:is_timeout(Timeout) of
        true ->
            watching(Handle, Key, fun(Alias) ->
                await(Handle, Key, wanted(Wanted), Alias, py_deadline:from_timeout(Timeout))
            end);
        false -> {badarg, {4, timeout}}
    end.

wanted(Fun) when is_function(Fun, 1) -> Fun;
wanted(Value) -> fun(Found) -> Found =:= Value end.

await(Handle, Key, Wanted, Alias, Deadline) ->
    case py_dict:get(Handle, Key, #{}) of
        {value, Value} ->
            case Wanted(Value) of
                true -> {value, Value};
                _ -> await_change(Handle, Key, Wanted, Alias, Deadline)
            end;
        missing -> await_change(Handle, Key, Wanted, Alias, Deadline);
        Failure -> Failure
    end.

%% When the server of the subscription goes, with its node perhaps, the next look tells what is left.
await_change(Handle, Key, Wanted, Alias, Deadline) ->
    Monitor = erlang:monitor(process, {py_watch, node_of(Handle)}),
    Changed = receive
                  {Alias, _} -> true;
                  {'DOWN', Monitor, process, _, _} -> true
              after py_deadline:left(Deadline) -> false
              end,
    true = erlang:demonitor(Monitor, [flush]),
    ok = flush(Alias),
    case Changed of
        true -> await(Handle, Key, Wanted, Alias, Deadline);
        false -> {error, timeout}
    end.

node_of(Handle) ->
    case py_handle:route(Handle) of
        {remote, Node} -> Node;
        _ -> node()
    end.

%% @doc Calls the function, while {Alias, _} comes for each change of the key; none is left afterwards.
-spec watching(term(), term(), fun((reference()) -> Result)) -> Result | py_dict:result(none()).
watching(Handle, Key, Fun) ->
    Alias = erlang:alias(),
    try py_watch:subscribe_tagged(Handle, {key, Key}, Alias) of
        {ok, Subscription} ->
            try Fun(Alias)
            after py_watch:unsubscribe(Subscription)
            end;
        Failure -> Failure
    after
        _ = erlang:unalias(Alias),
        flush(Alias)
    end.

%% @doc Forgets the changes that have come.
-spec flush(reference()) -> ok.
flush(Alias) ->
    receive {Alias, _} -> flush(Alias)
    after 0 -> ok
    end.
