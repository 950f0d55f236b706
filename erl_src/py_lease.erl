%% @private Locks: a key that one holder has at a time.
%%
%% The value of the key is a record: the name of a dict that ends with the holder, and a random number. Dicts of Erlang
%% processes and of Python's OS processes end with them, so whoever finds a record sees whether its holder lives, and takes its
%% place if not. Whoever holds the key changes it only as long as it has the stamp that he gave it. python/erlang/_lease.py is
%% the same for Python.
-module(py_lease).

-export([lock/3, unlock/1, renew/2]).
%% For other nodes.
-export([serve/5]).

-export_type([lock/0, options/0]).

-type lock() :: #{dict := py_handle:handle(), key := term(), fence := pos_integer(), stamp := pos_integer(),
                  record := tuple(), holder := py_handle:handle()}.
-type options() :: #{ttl => pos_integer() | infinity, timeout => timeout()}.

-define(MARK, <<"erlang.lock">>).
-define(LOOK, 250).   % milliseconds: the end of a holder changes no key

-spec lock(term(), term(), term()) -> py_dict:result({ok, lock()}).
lock(Handle, Key, Options) ->
    case {py_handle:route(Handle), options(Options)} of
        {not_a_handle, _} -> {badarg, {1, not_a_handle}};
        {_, error} -> {badarg, {3, lock_options}};
        {{remote, Node}, {ok, Life, Timeout}} -> on_node(Node, Handle, py_dict:sent_key(Key), Life, Timeout);
        {{local, _}, {ok, Life, Timeout}} -> with_holder(self(), Handle, Key, Life, Timeout)
    end.

on_node(_, _, bad_key, _, _) -> {badarg, {2, key}};
on_node(Node, Handle, Key, Life, Timeout) -> py_dict:on_node(Node, ?MODULE, serve, [self(), Handle, Key, Life, Timeout]).

%% @doc Called by other nodes: the lock is the owner's. One that was killed while it waited has ended its holder's dict, so that
%% the lock is free again.
-spec serve(pid(), py_handle:handle(), term(), term(), timeout()) -> py_dict:result({ok, lock()}).
serve(Owner, Handle, Key, Life, Timeout) ->
    case py_handle:route(Handle) of
        {local, _} -> with_holder(Owner, Handle, Key, Life, Timeout);
        _ -> {badarg, {1, destroyed}}
    end.

options(Options) when is_map(Options) ->
    Timeout = maps:get(timeout, Options, infinity),
    case py_deadline:is_timeout(Timeout) andalso py_options:life(maps:remove(timeout, Options)) of
        {ok, Life} -> {ok, Life, Timeout};
        _ -> error
    end;
options(_) -> error.

%% The holder's dict lies where the lock does, and is the owner's.
with_holder(Owner, Handle, Key, Life, Timeout) ->
    case py_dict:new_of(Owner, #{}) of
        {ok, Holder} ->
            case waiting(Handle, Key, Life, Timeout, Holder) of
                {ok, _} = Locked -> Locked;
                Failure ->
                    _ = py_dict:destroy(Holder),
                    Failure
            end;
        Failure -> Failure
    end.

waiting(Handle, Key, Life, Timeout, Holder) ->
    {value, Name} = py_dict:name(Holder),
    Record = {?MARK, Name, rand:uniform(1 bsl 62)},
    Lock = #{dict => Handle, key => Key, record => Record, holder => Holder},
    case attempt(Lock, Life) of
        held when Timeout =:= 0 -> {error, timeout};
        held ->
            Deadline = py_deadline:from_timeout(Timeout),
            py_waiting:watching(Handle, Key, fun(Alias) -> again(Lock, Life, Alias, Deadline) end);
        Done -> Done
    end.

again(Lock, Life, Alias, Deadline) ->
    case attempt(Lock, Life) of
        held ->
            Left = py_deadline:left(Deadline),
            receive {Alias, _} -> ok
            after min(Left, ?LOOK) -> ok   % infinity is more than any number
            end,
            ok = py_waiting:flush(Alias),
            case Left of
                0 -> {error, timeout};
                _ -> again(Lock, Life, Alias, Deadline)
            end;
        Done -> Done
    end.

%% Takes the key if it is free, or if its holder is gone.
attempt(#{dict := Handle, key := Key, record := Record} = Lock, Life) ->
    case py_dict:put_if(Handle, Key, Record, 0, Life) of
        ok -> mine(Lock);
        missing ->
            case py_dict:get_stamped(Handle, Key) of
                {value, {Stamp, {?MARK, Name, _}}} when is_binary(Name) -> replace(is_over(Name), Lock, Life, Stamp);
                {value, _} -> {badarg, {2, no_lock}};
                missing -> held;   % it was free in between: the next attempt
                Failure -> Failure
            end;
        Failure -> Failure
    end.

replace(false, _, _, _) -> held;
replace(true, #{dict := Handle, key := Key, record := Record} = Lock, Life, Stamp) ->
    case py_dict:put_if(Handle, Key, Record, Stamp, Life) of
        ok -> mine(Lock);
        missing -> held;
        Failure -> Failure
    end.

%% The stamp that it got is the fencing number.
mine(#{dict := Handle, key := Key, record := Record} = Lock) ->
    case py_dict:get_stamped(Handle, Key) of
        {value, {Stamp, Record}} -> {ok, Lock#{fence => Stamp, stamp => Stamp}};
        {value, _} -> held;   % its time was over at once
        missing -> held;
        Failure -> Failure
    end.

%% A holder's dict lies in the table of the lock.
is_over(Name) ->
    case re:run(Name, ":([0-9a-f]{32})(:|$)", [{capture, [1], binary}, dollar_endonly]) of
        {match, [Hex]} ->
            Bits = <<(binary_to_integer(Hex, 16)):128>>,
            case py_dict:info(py_handle:of_bits(Bits)) of
                {badarg, _} -> true;
                _ -> false
            end;
        nomatch -> false
    end.

%% @doc `missing' when it is not held any more.
-spec unlock(term()) -> py_dict:result(ok | missing).
unlock(#{dict := Handle, key := Key, stamp := Stamp, holder := Holder}) ->
    Done = py_dict:del_if(Handle, Key, Stamp),
    _ = py_dict:destroy(Holder),
    Done;
unlock(_) -> {badarg, {1, lock}}.

-spec renew(term(), term()) -> py_dict:result({ok, lock()} | missing).
renew(#{dict := Handle, key := Key, stamp := Stamp, record := Record, fence := Fence} = Lock, Options) ->
    case py_options:life(Options) of
        {ok, Life} ->
            case py_dict:put_if(Handle, Key, Record, Stamp, Life) of
                ok -> renewed(mine(Lock), Fence);
                Other -> Other
            end;
        error -> {badarg, {2, lock_options}}
    end;
renew(_, _) -> {badarg, {1, lock}}.

renewed({ok, Lock}, Fence) -> {ok, Lock#{fence := Fence}};
renewed(held, _) -> missing;
renewed(Failure, _) -> Failure.
