%% @private Waiting for a key of a dict: watching it, and looking at it after each change.
-module(py_waiting).

-export([wait/4]).

-define(IS_TIMEOUT(T), (T =:= infinity orelse (is_integer(T) andalso T >= 0 andalso T =< 16#ffffffff))).

%% @doc The value, once it is the wanted one, or the wanted function is true of it.
-spec wait(term(), term(), term() | fun((term()) -> boolean()), timeout() | term()) -> py_dict:result({value, term()}).
wait(Handle, Key, Wanted, Timeout) when ?IS_TIMEOUT(Timeout) ->
    Alias = erlang:alias(),
    try py_watch:subscribe_tagged(Handle, {key, Key}, Alias) of
        {ok, Subscription} ->
            try await(Handle, Key, wanted(Wanted), Alias, deadline(Timeout))
            after py_watch:unsubscribe(Subscription)
            end;
        Failure -> Failure
    after
        _ = erlang:unalias(Alias),
        flush(Alias)
    end;
wait(_, _, _, _) -> {badarg, {4, timeout}}.

wanted(Fun) when is_function(Fun, 1) -> Fun;
wanted(Value) -> fun(Found) -> Found =:= Value end.

deadline(infinity) -> infinity;
deadline(Timeout) -> erlang:monotonic_time(millisecond) + Timeout.

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
              after left(Deadline) -> false
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

left(infinity) -> infinity;
left(Deadline) -> max(0, Deadline - erlang:monotonic_time(millisecond)).

flush(Alias) ->
    receive {Alias, _} -> flush(Alias)
    after 0 -> ok
    end.
