%% @doc Python beside Erlang: shared dictionaries, and Python code to run.
%%
%% ```
%% {ok, SD} = py:shared_dict_new(),
%% ok = py:shared_dict_set(SD, <<"config">>, #{host => <<"localhost">>, port => 8080}),
%% #{<<"host">> := <<"localhost">>, <<"port">> := 8080} = py:shared_dict_get(SD, <<"config">>),
%% {ok, 8081} = py:eval(<<"__import__('erlang').SharedDict(sd)['config']['port'] + 1">>, #{sd => SD}).
%% '''
%%
%% <h3>Values</h3>
%% Integers, floats, binaries (Python: `str' when they are UTF-8, else `bytes'), lists, tuples, maps, booleans,
%% pids, references and dict handles go to Python and back. `undefined', `none' and `nil' become None, which
%% comes back as `none' (see {@link pyport_config}); any other atom becomes `str' and comes back as a binary.
%% `{bytes, Binary}' is Python `bytes' in any case. A Python object that has no Erlang form comes as
%% `{py_object, Type, Pickle}' and becomes the object again in Python. What cannot be converted is
%% `{error, {bad_term, Path, Why}}'. Nothing that comes from Python makes a new atom.
%%
%% <h3>Conversions</h3>
%% The option `convert' of {@link call/5}, {@link eval/3}, {@link spawn_call/5} and of the reads of a dict turns objects
%% into forms that are usual in Erlang, also inside lists, tuples and maps and as keys: `all', `none' (the default) or a
%% list of the kinds below. What has no such form, a subclass for one, leaves the whole value a `{py_object, _, _}'; two
%% keys or elements that become one term are `{error, {bad_term, Path, duplicate_key}}'.
%%
%% ```
%% {ok, {{2026, 11, 21}, {10, 0, 0}}} = py:call(datetime, datetime, [2026, 11, 21, 10], #{}, #{convert => all}).
%% '''
%%
%% <table border="1">
%% <tr><th>Kind</th><th>Python</th><th>Erlang</th></tr>
%% <tr><td>`set'</td><td>set, frozenset</td><td>`#{Element => []}', a {@link sets:set()} of version 2</td></tr>
%% <tr><td>`datetime'</td><td>date</td><td>`{Y, M, D}'</td></tr>
%% <tr><td></td><td>time without zone</td><td>`{H, Mi, S}', or `{H, Mi, S, Us}' when there are microseconds</td></tr>
%% <tr><td></td><td>datetime without zone</td><td>`{Date, Time}', both as above</td></tr>
%% <tr><td></td><td>datetime with an offset of minutes</td><td>`<<"2026-11-21T10:00:00+01:00">>', as RFC 3339</td></tr>
%% <tr><td></td><td>timedelta</td><td>integer, microseconds</td></tr>
%% <tr><td>`decimal'</td><td>Decimal</td><td>its text, as `<<"1.10">>'</td></tr>
%% <tr><td>`uuid'</td><td>UUID</td><td>its 36 characters, as a binary</td></tr>
%% <tr><td>`numpy'</td><td>bool, integers of 8 to 64 bits, floats of 16 to 64</td><td>boolean, integer, float</td></tr>
%% </table>
%%
%% <h3>Names and code</h3>
%% are given as binaries of UTF-8, strings or atoms; keyword arguments and variables as maps or lists of
%% pairs with such names as keys.
%%
%% <h3>Pools</h3>
%% Python runs in pools (see {@link start_pool/2}). Calls go to the pool `default', unless they name another
%% one, an atom: as the first argument, or as `pool' in the map of options that may stand in place of a timeout.
%%
%% ```
%% {ok, 2.0} = py:call(science, numpy, mean, [[1, 2, 3]]),
%% {ok, 2.0} = py:call(numpy, mean, [[1, 2, 3]], #{}, #{pool => science, timeout => 5000}).
%% '''
%%
%% What tells the two forms apart is the argument that the other form has in that place: the third of `call(M,
%% F, Args, Kwargs)' is a list, that of `call(Pool, M, F, Args)' an atom or a binary; the second of `eval(Code,
%% Vars)' is a map or a list of pairs, that of `eval(Pool, Code)' is code; the third of `run(File, Argv,
%% Timeout)' is no list.
%%
%% <h3>Time limits</h3>
%% A call ends 250 ms after its timeout at the latest, whatever its Python code does: `erlang.Interrupted' is
%% raised in it, and when that has not ended it 100 ms later its OS process is killed. All others that have
%% calls there get `{error, {worker_died, #{reason := {stuck_call, Pid}}}}' then, and lose their namespaces;
%% dicts, and other OS processes, are not touched. The same befalls the calls of a process that exits.
%%
%% <h3>What may go wrong</h3>
%% <dl>
%% <dt>`{error, {Type, #{message := Message, traceback := Lines}}}'</dt><dd>Python raised an exception. `Type' is
%%   an atom such as `'KeyError'' for Python's own exceptions and a binary such as
%%   `<<"json.decoder.JSONDecodeError">>' for others.</dd>
%% <dt>`{error, timeout}'</dt><dd>The time was over; the Python code was ended.</dd>
%% <dt>`{error, cancelled}'</dt><dd>The call was ended by {@link cancel/1} or {@link interrupt/1}.</dd>
%% <dt>`{error, {worker_died, Map}}'</dt><dd>The OS process in which the code ran died, or no OS process of the
%%   pool can be started at present. The map has `reason': `exited' (with `exit_status'), `signal' (with `signal'),
%%   `out_of_memory', `{stuck_call, Pid}', `heartbeat_timeout', `shutdown', `killed', `epipe' (the death
%%   was noticed by writing, which hides its status), or why it could not be started; and `stderr_tail', the
%%   last 4 KiB that the process wrote to its standard error.</dd>
%% <dt>`{error, {no_pool, Name}}'</dt><dd>No pool of this name runs.</dd>
%% <dt>`{error, overloaded}'</dt><dd>Too many requests wait, for a reply (`max_in_flight') or for
%%   the interpreter (`max_queue').</dd>
%% <dt>`{error, {frame_too_large, Bytes, Max}}'</dt><dd>A request or its result is larger than `max_frame'. Values of single keys
%%   of dicts may be: they travel in parts.</dd>
%% <dt>`{error, {bad_term, Path, Why}}'</dt><dd>A value cannot be converted; `Path' leads to it through map keys and
%%   1-based positions. `{unknown_atom, Name}' means that the node does not know an atom in the result.</dd>
%% <dt>`{error, {table_full, Limit}}'</dt><dd>There is no room for the value; the old one is kept. `Limit'
%%   names what was reached: `max_table_bytes', `max_dict_bytes', `max_dict_keys', `max_key_bytes', `max_dicts', `max_value_bytes' or
%%   `max_dicts_per_owner' (see {@link pyport_config}), `memory' of the table's port program, or `shared_memory', the
%%   file system that the table is in.</dd>
%% <dt>`{error, {corrupt, Why}}'</dt><dd>The dict was found damaged, as C code that writes where it should not may do;
%%   it is set aside.</dd>
%% <dt>`{error, busy}'</dt><dd>Another OS process holds the dict and does not go on (it may be stopped).</dd>
%% <dt>`{error, no_namespace}'</dt><dd>The calling process is no longer known to the port program.</dd>
%% <dt>`exit({port_down, Why})'</dt><dd>pyport is not started; as with a call of a gen_server that is not
%%   there. A dict operation during which the table's port program died exits likewise, since nobody knows
%%   whether it was done. One that was not sent yet waits for the next port program, which is there in
%%   milliseconds.</dd>
%% <dt>`error(badarg)'</dt><dd>A wrong argument, or a dict that is no more; the shell and `logger' explain
%%   which and why.</dd>
%% </dl>
-module(py).

-include("py_protocol.hrl").


-export([shared_dict_new/0, shared_dict_new/1, shared_dict_get/2, shared_dict_get/3, shared_dict_get/4, shared_dict_set/3,
         shared_dict_set/4, shared_dict_del/2,
         shared_dict_keys/1, shared_dict_destroy/1]).
-export([shared_dict_add/3, shared_dict_sub/3, shared_dict_bor/3, shared_dict_bxor/3, shared_dict_band/3, shared_dict_swap/3,
         shared_dict_cas/4]).
-export([shared_dict_take/2, shared_dict_take/3, shared_dict_put_new/3, shared_dict_put_new/4, shared_dict_update_with/3,
         shared_dict_update_with/4, shared_dict_is_key/2, shared_dict_size/1, shared_dict_clear/1]).
-export([shared_dict_lock/2, shared_dict_lock/3, shared_dict_unlock/1, shared_dict_renew/2]).
-export([shared_dict_transaction/2, shared_dict_transaction/3]).
-export([shared_dict_open/1, shared_dict_open/2, shared_dict_names/0, shared_dict_delete/1]).
-export([shared_dict_wait/3, shared_dict_wait/4, shared_dict_subscribe/1, shared_dict_subscribe/2, shared_dict_subscribe/3,
         shared_dict_unsubscribe/1]).
-export([shared_dict_from_map/1, shared_dict_from_map/2, shared_dict_merge/2, shared_dict_fold/3, shared_dict_foreach/2]).
-export([shared_list_append/2, shared_list_pop/1, shared_list_to_list/1, shared_list_size/1]).
-export([shared_dict_get_many/2, shared_dict_get_many/3, shared_dict_set_many/2, shared_dict_del_many/2,
         shared_dict_to_map/1, shared_dict_to_map/2]).
-export([call/3, call/4, call/5, call/6, eval/1, eval/2, eval/3, eval/4, exec/1, exec/2, exec/3, exec/4,
         run/2, run/3, run/4]).
-export([spawn_call/3, spawn_call/4, spawn_call/5, spawn_call/6, await/1, await/2, interrupt/1, cancel/1]).
-export([cast/3, cast/4, cast/5, cast/6]).
-export([start_pool/2, stop_pool/1, on_restart/1, on_restart/2]).
-export([shared_dict_name/1]).
-export([version/0, info/0, info/1]).

-export_type([lock/0, lock_options/0, dict_name/0, dict_options/0, open_options/0, life_options/0]).
-export_type([shared_dict/0, transaction/0, key/0, value/0, name/0, names/0, pool/0, options/0, call_options/0, read_options/0,
              convert/0, transaction_options/0, pool_options/0, reason/0, worker/0, call/0, subscription/0]).

-type shared_dict() :: py_handle:handle() | transaction().
%% A handle. It may be kept, sent to any process of any connected node, and given to Python.
-type transaction() :: py_transaction:transaction().
%% Given to the fun of {@link shared_dict_transaction/2}; it takes the place of the dict in the functions on dicts, in that process
%% and until the fun ends.
-type transaction_options() :: #{retries => non_neg_integer() | infinity, timeout => timeout()}.
-type subscription() :: py_watch:subscription().
-type key() :: binary() | atom() | integer().
%% An atom means its name: `port' and `<<"port">>' are one key. Integers have 64 bits.
-type value() :: term().
%% See "Values" above.
-type name() :: binary() | string() | atom().
-type names() :: #{name() => value()} | [{name(), value()} | atom()].
-type dict_name() :: binary() | atom() | string().
%% 1 to 64 bytes of UTF-8 without control characters.
-type dict_options() :: py_options:dict().
-type open_options() :: py_options:open().
-type life_options() :: py_options:life().
-type lock() :: py_lease:lock().
%% `fence' is its fencing number: greater than that of all who held the key before.
-type lock_options() :: py_lease:options().
-type call() :: py_job:call().
%% A call that was spawned and is to be awaited.
-type pool() :: atom().
-type options() :: timeout() | #{pool => pool(), timeout => timeout()}.
-type call_options() :: timeout() | #{pool => pool(), timeout => timeout(), convert => convert()}.
-type read_options() :: #{convert => convert()}.
-type convert() :: py_convert:convert().
%% `all', `none' (the default), or a list of `set', `datetime', `decimal', `uuid' and `numpy'. See "Conversions" above.
-type pool_options() :: pyport_config:pool_options().
-type worker() :: py_death:worker().
%% How an OS process of a pool died.
-type reason() :: {py_exceptions:builtin() | binary(), #{message := binary(), traceback := [binary()]}}
                | timeout | cancelled | {conflict, binary() | integer() | all} | overloaded | no_namespace | busy
                | {worker_died, worker()}
                | {no_pool, pool()}
                | {table_full, Limit :: atom()}
                | {corrupt, Why :: binary()}
                | {frame_too_large, Bytes :: pos_integer(), Max :: pos_integer()}
                | {bad_term, Path :: [binary() | integer()], Why :: term()}
                | {bad_frame | bad_etf, Why :: binary()}
                | {unknown_op, integer()}.
%% See "What may go wrong" above.

%% Raised here and not in a helper, so that the function that the user called stands on top of the stack
%% trace, with its arguments.
-define(BADARG(Args, Cause),
        erlang:error(badarg, Args, [{error_info, #{module => py_error, cause => Cause}}])).

%% Of the functions that run Python: Function of py_job takes all arguments.
-define(JOB(Function, Args),
        case py_job:Function(Args) of
            {badarg, Cause} -> ?BADARG(Args, Cause);
            Result -> job_result(Result)
        end).
-define(SPAWN(Args),
        case py_job:spawn_call(Args) of
            {badarg, Cause} -> ?BADARG(Args, Cause);
            Result -> spawn_result(Result)
        end).

-define(NUMBER(Operation, Wanted),
        case py_dict:number(SD, Key, Operation, N) of
            {value, {Before, After}} -> _ = {Before, After}, Wanted;
            {badarg, Cause} -> ?BADARG([SD, Key, N], Cause);
            Failure -> dict_result(Failure)
        end).

%%% Shared dictionaries

%% @doc Makes a dict that the calling process owns: it is destroyed when that process exits, for
%% whatever reason. Called by way of `rpc' or `erpc', the owner is the process that does the call on this
%% node, so the dict ends with the call.
-spec shared_dict_new() -> {ok, shared_dict()} | {error, reason()}.
shared_dict_new() -> dict_result(py_dict:new(#{})).

%% @doc As {@link shared_dict_new/0}, with
%% <ul>
%% <li>`ttl': milliseconds that a key lives after it got its value, unless it is set with another time; or</li>
%% <li>`idle': milliseconds that a key lives after it was set or read last;</li>
%% <li>`max_value_bytes': of the largest value that it takes; others are `{error, {table_full, max_value_bytes}}'.</li>
%% </ul>
%% A key that has expired is seen by nobody, and its memory comes back.
-spec shared_dict_new(dict_options()) -> {ok, shared_dict()} | {error, reason()}.
shared_dict_new(Options) ->
    case py_dict:new(Options) of
        {badarg, Cause} -> ?BADARG([Options], Cause);
        Result -> dict_result(Result)
    end.

%% @equiv shared_dict_open(Name, #{})
-spec shared_dict_open(dict_name()) -> {ok, shared_dict()} | {error, not_found | reason()}.
shared_dict_open(Name) -> shared_dict_open(Name, #{}).

%% @doc The dict of that name: one for all processes of this node, Erlang's and Python's (`SharedDict.from_name').
%% It belongs to the node: it lasts until it is deleted ({@link shared_dict_delete/1}, {@link shared_dict_destroy/1}), or
%% pyport stops.
%%
%% With `create' it is made where there is none, with the options of {@link shared_dict_new/1}; those of a dict that is there
%% stay as they are. With `global' the name means the same dict on all connected nodes: it lives on the node that made it
%% first.
%%
%% ```
%% {ok, Sessions} = py:shared_dict_open(<<"sessions">>, #{create => true, idle => 3600000}).
%% '''
-spec shared_dict_open(dict_name(), open_options()) -> {ok, shared_dict()} | {error, not_found | reason()}.
shared_dict_open(Name, Options) ->
    case py_named:open(Name, Options) of
        missing -> {error, not_found};
        {badarg, Cause} -> ?BADARG([Name, Options], Cause);
        Result -> dict_result(Result)
    end.

%% @doc The names of this node's dicts, in the order in which they were made.
-spec shared_dict_names() -> [binary()] | {error, reason()}.
shared_dict_names() ->
    case py_named:names() of
        {value, Named} -> [Name || {Name, _} <- Named];
        Failure -> dict_result(Failure)
    end.

%% @doc Destroys the dict of that name on this node.
-spec shared_dict_delete(dict_name()) -> ok | {error, not_found | reason()}.
shared_dict_delete(Name) ->
    case py_named:delete(Name) of
        ok -> ok;
        missing -> {error, not_found};
        {badarg, Cause} -> ?BADARG([Name], Cause);
        Failure -> dict_result(Failure)
    end.

%% @doc The value of a key, `undefined' when there is none.
-spec shared_dict_get(shared_dict(), key()) -> value() | {error, reason()}.
shared_dict_get(SD, Key) ->
    case py_dict:get(SD, Key, #{}) of
        {value, Value} -> Value;
        missing -> undefined;
        {badarg, Cause} -> ?BADARG([SD, Key], Cause);
        Failure -> dict_result(Failure)
    end.

%% @doc The value of a key, `Default', the very same term, when there is none.
-spec shared_dict_get(shared_dict(), key(), Default) -> value() | Default | {error, reason()}.
shared_dict_get(SD, Key, Default) ->
    case py_dict:get(SD, Key, #{}) of
        {value, Value} -> Value;
        missing -> Default;
        {badarg, Cause} -> ?BADARG([SD, Key, Default], Cause);
        Failure -> dict_result(Failure)
    end.

%% @doc As {@link shared_dict_get/3}, with objects converted as the option asks for.
%%
%% ```
%% {{2026, 11, 21}, {10, 0, 0}} = py:shared_dict_get(SD, <<"made">>, undefined, #{convert => [datetime]}).
%% '''
-spec shared_dict_get(shared_dict(), key(), Default, read_options()) -> value() | Default | {error, reason()}.
shared_dict_get(SD, Key, Default, Options) ->
    case py_dict:get(SD, Key, Options) of
        {value, Value} -> Value;
        missing -> Default;
        {badarg, Cause} -> ?BADARG([SD, Key, Default, Options], Cause);
        Failure -> dict_result(Failure)
    end.

%% @doc Stores a value. After an error the old value is still there.
-spec shared_dict_set(shared_dict(), key(), value()) -> ok | {error, reason()}.
shared_dict_set(SD, Key, Value) ->
    case py_dict:set(SD, Key, Value) of
        ok -> ok;
        {badarg, Cause} -> ?BADARG([SD, Key, Value], Cause);
        Failure -> dict_result(Failure)
    end.

%% @doc As {@link shared_dict_set/3}; `ttl' is how many milliseconds the value lives, or `infinity', whatever its dict says.
%% Setting the key again without it forgets that.
%%
%% ```
%% ok = py:shared_dict_set(SD, <<"token">>, Token, #{ttl => 60000}).
%% '''
-spec shared_dict_set(shared_dict(), key(), value(), life_options()) -> ok | {error, reason()}.
shared_dict_set(SD, Key, Value, Options) ->
    case py_dict:set(SD, Key, Value, Options) of
        ok -> ok;
        {badarg, Cause} -> ?BADARG([SD, Key, Value, Options], Cause);
        Failure -> dict_result(Failure)
    end.

%% @doc Deletes a key; `ok' also when it is not there.
-spec shared_dict_del(shared_dict(), key()) -> ok | {error, reason()}.
shared_dict_del(SD, Key) ->
    case py_dict:del(SD, Key) of
        ok -> ok;
        missing -> ok;
        {badarg, Cause} -> ?BADARG([SD, Key], Cause);
        Failure -> dict_result(Failure)
    end.

%% @doc Deletes a key and gives its value, `undefined' when there is none. Of all that take a key at once, one gets the
%% value. After an error it is still there.
-spec shared_dict_take(shared_dict(), key()) -> value() | {error, reason()}.
shared_dict_take(SD, Key) ->
    case py_dict:take(SD, Key) of
        {value, Value} -> Value;
        missing -> undefined;
        {badarg, Cause} -> ?BADARG([SD, Key], Cause);
        Failure -> dict_result(Failure)
    end.

%% @doc As {@link shared_dict_take/2}, with `Default', the very same term, when there is no such key.
-spec shared_dict_take(shared_dict(), key(), Default) -> value() | Default | {error, reason()}.
shared_dict_take(SD, Key, Default) ->
    case py_dict:take(SD, Key) of
        {value, Value} -> Value;
        missing -> Default;
        {badarg, Cause} -> ?BADARG([SD, Key, Default], Cause);
        Failure -> dict_result(Failure)
    end.

%% @doc Stores a value if there is none: `false' when the key is there already. Of all that do it at once, one gets `true'.
-spec shared_dict_put_new(shared_dict(), key(), value()) -> boolean() | {error, reason()}.
shared_dict_put_new(SD, Key, Value) ->
    case py_dict:put_new(SD, Key, Value) of
        ok -> true;
        missing -> false;
        {badarg, Cause} -> ?BADARG([SD, Key, Value], Cause);
        Failure -> dict_result(Failure)
    end.

%% @doc As {@link shared_dict_put_new/3}, with the options of {@link shared_dict_set/4}.
-spec shared_dict_put_new(shared_dict(), key(), value(), life_options()) -> boolean() | {error, reason()}.
shared_dict_put_new(SD, Key, Value, Options) ->
    case py_dict:put_new(SD, Key, Value, Options) of
        ok -> true;
        missing -> false;
        {badarg, Cause} -> ?BADARG([SD, Key, Value, Options], Cause);
        Failure -> dict_result(Failure)
    end.

%% @doc Replaces the value of a key by what the function makes of it, and gives that. When another process changes the
%% value meanwhile, the function is applied again, to the new one: no change is lost, and nothing is held while it runs.
%% It is to have no effects. What it raises is raised, and nothing is stored.
%%
%% A missing key raises `{badkey, Key}', as with {@link maps:update_with/3}.
%%
%% ```
%% 8081 = py:shared_dict_update_with(SD, <<"port">>, fun(Port) -> Port + 1 end).
%% '''
-spec shared_dict_update_with(shared_dict(), key(), fun((value()) -> Value)) -> Value | {error, reason()}.
shared_dict_update_with(SD, Key, Fun) when is_function(Fun, 1) ->
    case py_update:with(SD, Key, Fun) of
        {value, Value} -> Value;
        missing -> erlang:error({badkey, Key}, [SD, Key, Fun]);
        {badarg, Cause} -> ?BADARG([SD, Key, Fun], Cause);
        Failure -> dict_result(Failure)
    end;
shared_dict_update_with(SD, Key, Fun) -> ?BADARG([SD, Key, Fun], {3, function_1}).

%% @doc As {@link shared_dict_update_with/3}; a missing key gets the value `Initial'.
%%
%% ```
%% 1 = py:shared_dict_update_with(SD, <<"visits">>, fun(N) -> N + 1 end, 1).
%% '''
-spec shared_dict_update_with(shared_dict(), key(), fun((value()) -> Value), Initial :: Value) -> Value | {error, reason()}.
shared_dict_update_with(SD, Key, Fun, Initial) when is_function(Fun, 1) ->
    case py_update:with(SD, Key, Fun, Initial) of
        {value, Value} -> Value;
        {badarg, Cause} -> ?BADARG([SD, Key, Fun, Initial], Cause);
        Failure -> dict_result(Failure)
    end;
shared_dict_update_with(SD, Key, Fun, Initial) -> ?BADARG([SD, Key, Fun, Initial], {3, function_1}).

%% @equiv shared_dict_transaction(SD, Fun, #{})
-spec shared_dict_transaction(shared_dict(), fun((transaction()) -> Result)) -> {ok, Result} | {error, reason()}.
shared_dict_transaction(SD, Fun) when is_function(Fun, 1) ->
    case py_transaction:run(SD, Fun, #{}) of
        {badarg, Cause} -> ?BADARG([SD, Fun], Cause);
        Result -> dict_result(Result)
    end;
shared_dict_transaction(SD, Fun) -> ?BADARG([SD, Fun], {2, function_1}).

%% @doc Applies the fun to a transaction on the dict and gives `{ok, Result}' with its result. All that it reads was so, and all
%% that it writes becomes so, at one moment: no other process, whatever its language, comes between, or sees a part of it. In the
%% fun the transaction takes the dict's place, in all functions here and of {@link shared_dict} that read or write:
%%
%% ```
%% {ok, 30} = py:shared_dict_transaction(SD, fun(T) ->
%%     Amount = 30,
%%     Amount =< shared_dict:get(T, <<"alice">>) orelse throw(poor),
%%     shared_dict:update_with(T, <<"alice">>, fun(Has) -> Has - Amount end),
%%     shared_dict:update_with(T, <<"bob">>, fun(Has) -> Has + Amount end),
%%     Amount
%% end).
%% '''
%%
%% Nothing is locked. What the fun reads is compared when it has ended; if anything of it was changed by then the fun is applied
%% again, with what is there now. So it is to have no other effects. Until it ends its writes are seen by itself alone. An attempt
%% may see what never was at one moment, and what it raises then is not raised: it is applied again.
%%
%% What the fun raises is raised, with its stack, and nothing is written: `throw' is the way to give up. `{error, Reason}' says
%% that nothing was written for another reason: `{conflict, Key}', or `{conflict, all}' when what was changed is the dict as a
%% whole, of which it had read the size, the keys or all, after so many `retries' (default: `infinity'); `timeout', after which no
%% other attempt is begun (milliseconds, default: `infinity'); or what a value that was written is refused for. All values that
%% are written go in one frame, and live as long as the dict says: a `ttl' of their own they cannot have. What is read of what the
%% fun itself has written is as it will be read from the dict: `undefined' as the configured atom of None, other atoms as binaries.
%% A key that is there before and after it keeps its place among the keys, also if the fun takes it and sets it anew; new keys come
%% behind in the order in which they were first written.
%%
%% A transaction on the same dict inside of the fun, by whichever function, is a part of this one; what it has written is
%% forgotten when it fails. Operations on the dict itself are none: they are done at once. A fun that reads a key and changes it
%% by these is never done.
-spec shared_dict_transaction(shared_dict(), fun((transaction()) -> Result), transaction_options()) ->
          {ok, Result} | {error, reason()}.
shared_dict_transaction(SD, Fun, Options) when is_function(Fun, 1) ->
    case py_transaction:run(SD, Fun, Options) of
        {badarg, Cause} -> ?BADARG([SD, Fun, Options], Cause);
        Result -> dict_result(Result)
    end;
shared_dict_transaction(SD, Fun, Options) -> ?BADARG([SD, Fun, Options], {2, function_1}).

%% @doc Adds to an integer of 64 bits, and gives the sum; without any lock, from both languages. A missing key counts as 0.
%% `{error, {bad_term, [], overflow}}' when the sum would not fit: the integer stays as it is then, as it does when it is
%% none, `{error, {bad_term, [], not_an_integer}}'.
%%
%% ```
%% 1 = py:shared_dict_add(SD, <<"visits">>, 1).
%% '''
-spec shared_dict_add(shared_dict(), key(), integer()) -> integer() | {error, reason()}.
shared_dict_add(SD, Key, N) -> ?NUMBER(?NUMBER_ADD, After).

%% @doc Subtracts, as {@link shared_dict_add/3}.
-spec shared_dict_sub(shared_dict(), key(), integer()) -> integer() | {error, reason()}.
shared_dict_sub(SD, Key, N) -> ?NUMBER(?NUMBER_SUB, After).

%% @doc Bitwise `bor', as {@link shared_dict_add/3}.
-spec shared_dict_bor(shared_dict(), key(), integer()) -> integer() | {error, reason()}.
shared_dict_bor(SD, Key, N) -> ?NUMBER(?NUMBER_BOR, After).

%% @doc Bitwise `bxor', as {@link shared_dict_add/3}.
-spec shared_dict_bxor(shared_dict(), key(), integer()) -> integer() | {error, reason()}.
shared_dict_bxor(SD, Key, N) -> ?NUMBER(?NUMBER_BXOR, After).

%% @doc Bitwise `band', as {@link shared_dict_add/3}.
-spec shared_dict_band(shared_dict(), key(), integer()) -> integer() | {error, reason()}.
shared_dict_band(SD, Key, N) -> ?NUMBER(?NUMBER_BAND, After).

%% @doc Stores an integer in place of another, and gives that one; a missing key counts as 0.
-spec shared_dict_swap(shared_dict(), key(), integer()) -> integer() | {error, reason()}.
shared_dict_swap(SD, Key, N) -> ?NUMBER(?NUMBER_SWAP, Before).

%% @doc Stores a value in place of an expected one, which it must match exactly (`=:='); `{error, Current}' when it does not.
%% Of a missing key the current value is `undefined', but among integers it counts as 0.
-spec shared_dict_cas(shared_dict(), key(), Expected :: value(), New :: value()) -> ok | {error, Current :: value() | reason()}.
shared_dict_cas(SD, Key, Expected, New) ->
    case py_dict:cas(SD, Key, Expected, New) of
        ok -> ok;
        {other, Current} -> {error, Current};
        missing -> {error, undefined};
        {badarg, Cause} -> ?BADARG([SD, Key, Expected, New], Cause);
        Failure -> dict_result(Failure)
    end.

%% @doc Whether there is such a key.
-spec shared_dict_is_key(shared_dict(), key()) -> boolean() | {error, reason()}.
shared_dict_is_key(SD, Key) ->
    case py_dict:is_key(SD, Key) of
        ok -> true;
        missing -> false;
        {badarg, Cause} -> ?BADARG([SD, Key], Cause);
        Failure -> dict_result(Failure)
    end.

%% @doc How many keys there are.
-spec shared_dict_size(shared_dict()) -> non_neg_integer() | {error, reason()}.
shared_dict_size(SD) ->
    case py_dict:info(SD) of
        {value, #{keys := Keys}} -> Keys;
        {badarg, Cause} -> ?BADARG([SD], Cause);
        Failure -> dict_result(Failure)
    end.

%% @doc Appends a value to a list that lives in the table: a `SharedList' of Python, whose handle Erlang gets as it gets those of
%% dicts. The other functions see such a list as a dict with the keys 0, 1, 2, ...; they can replace values, and raise `badarg'
%% for changes that would leave a gap.
-spec shared_list_append(shared_dict(), value()) -> ok | {error, reason()}.
shared_list_append(List, Value) ->
    case py_list:append(List, Value) of
        ok -> ok;
        {badarg, Cause} -> ?BADARG([List, Value], Cause);
        Failure -> dict_result(Failure)
    end.

%% @doc Takes the last value out of a list and gives it, `undefined' when the list is empty. Of all that do it at once, each
%% gets another.
-spec shared_list_pop(shared_dict()) -> value() | {error, reason()}.
shared_list_pop(List) ->
    case py_list:pop(List) of
        {value, Value} -> Value;
        missing -> undefined;
        {badarg, Cause} -> ?BADARG([List], Cause);
        Failure -> dict_result(Failure)
    end.

%% @doc All values of a list, as they are at one moment.
-spec shared_list_to_list(shared_dict()) -> [value()] | {error, reason()}.
shared_list_to_list(List) ->
    case py_list:to_list(List) of
        {value, Values} -> Values;
        {badarg, Cause} -> ?BADARG([List], Cause);
        Failure -> dict_result(Failure)
    end.

%% @doc How many values are in a list.
-spec shared_list_size(shared_dict()) -> non_neg_integer() | {error, reason()}.
shared_list_size(List) ->
    case py_list:size(List) of
        {value, Size} -> Size;
        {badarg, Cause} -> ?BADARG([List], Cause);
        Failure -> dict_result(Failure)
    end.

%% @doc Deletes all keys, at one moment. It takes the same time whatever the size; the memory is given back behind it.
-spec shared_dict_clear(shared_dict()) -> ok | {error, reason()}.
shared_dict_clear(SD) ->
    case py_dict:clear(SD) of
        ok -> ok;
        {badarg, Cause} -> ?BADARG([SD], Cause);
        Failure -> dict_result(Failure)
    end.

%% @doc All keys in the order in which they were first set.
-spec shared_dict_keys(shared_dict()) -> [binary() | integer()] | {error, reason()}.
shared_dict_keys(SD) ->
    case py_dict:keys(SD) of
        {value, Keys} -> Keys;
        {badarg, Cause} -> ?BADARG([SD], Cause);
        Failure -> dict_result(Failure)
    end.

%% @doc The values of those of the keys that are there, all as they were at one moment. The keys of the map are
%% those that were given.
-spec shared_dict_get_many(shared_dict(), [key()]) -> #{key() => value()} | {error, reason()}.
shared_dict_get_many(SD, Keys) ->
    case py_dict:get_many(SD, Keys, #{}) of
        {value, Found} -> Found;
        {badarg, Cause} -> ?BADARG([SD, Keys], Cause);
        Failure -> dict_result(Failure)
    end.

%% @doc As {@link shared_dict_get_many/2}, with objects converted as the option asks for.
-spec shared_dict_get_many(shared_dict(), [key()], read_options()) -> #{key() => value()} | {error, reason()}.
shared_dict_get_many(SD, Keys, Options) ->
    case py_dict:get_many(SD, Keys, Options) of
        {value, Found} -> Found;
        {badarg, Cause} -> ?BADARG([SD, Keys, Options], Cause);
        Failure -> dict_result(Failure)
    end.

%% @doc Stores several values at once: nobody sees some of them without the others, and after an error none is
%% stored. Of equal keys in a list, the last counts. A `bad_term' names the key first.
-spec shared_dict_set_many(shared_dict(), #{key() => value()} | [{key(), value()}]) -> ok | {error, reason()}.
shared_dict_set_many(SD, Pairs) ->
    case py_dict:set_many(SD, Pairs) of
        ok -> ok;
        {badarg, Cause} -> ?BADARG([SD, Pairs], Cause);
        Failure -> dict_result(Failure)
    end.

%% @doc Deletes several keys at once; those that are not there are ignored.
-spec shared_dict_del_many(shared_dict(), [key()]) -> ok | {error, reason()}.
shared_dict_del_many(SD, Keys) ->
    case py_dict:del_many(SD, Keys) of
        ok -> ok;
        {badarg, Cause} -> ?BADARG([SD, Keys], Cause);
        Failure -> dict_result(Failure)
    end.

%% @doc All of a dict as it was at one moment.
-spec shared_dict_to_map(shared_dict()) -> #{binary() | integer() => value()} | {error, reason()}.
shared_dict_to_map(SD) ->
    case py_dict:items(SD, #{}) of
        {value, Items} -> maps:from_list(Items);
        {badarg, Cause} -> ?BADARG([SD], Cause);
        Failure -> dict_result(Failure)
    end.

%% @doc As {@link shared_dict_to_map/1}, with objects converted as the option asks for.
-spec shared_dict_to_map(shared_dict(), read_options()) -> #{binary() | integer() => value()} | {error, reason()}.
shared_dict_to_map(SD, Options) ->
    case py_dict:items(SD, Options) of
        {value, Items} -> maps:from_list(Items);
        {badarg, Cause} -> ?BADARG([SD, Options], Cause);
        Failure -> dict_result(Failure)
    end.

%% @doc Makes a dict, owned by the calling process, with all that a map has. After an error there is none.
-spec shared_dict_from_map(#{key() => value()}) -> {ok, shared_dict()} | {error, reason()}.
shared_dict_from_map(Map) ->
    case py_update:from_map(Map, #{}) of
        {badarg, Cause} -> ?BADARG([Map], Cause);
        Result -> dict_result(Result)
    end.

%% @doc As {@link shared_dict_from_map/1}, with the options of {@link shared_dict_new/1}.
-spec shared_dict_from_map(#{key() => value()}, dict_options()) -> {ok, shared_dict()} | {error, reason()}.
shared_dict_from_map(Map, Options) ->
    case py_update:from_map(Map, Options) of
        {badarg, Cause} -> ?BADARG([Map, Options], Cause);
        Result -> dict_result(Result)
    end.

%% @doc Sets all that another dict, as it is at one moment, or a map or a list of pairs has; at once, as
%% {@link shared_dict_set_many/2}.
-spec shared_dict_merge(shared_dict(), shared_dict() | #{key() => value()} | [{key(), value()}]) -> ok | {error, reason()}.
shared_dict_merge(SD, Other) ->
    case py_update:merge(SD, Other) of
        ok -> ok;
        {badarg, Cause} -> ?BADARG([SD, Other], Cause);
        Failure -> dict_result(Failure)
    end.

%% @doc Folds over all keys and values as they were at one moment, in the order in which the keys were first set.
-spec shared_dict_fold(fun((binary() | integer(), value(), Acc) -> Acc), Acc, shared_dict()) -> Acc | {error, reason()}.
shared_dict_fold(Fun, Acc, SD) when is_function(Fun, 3) ->
    case py_dict:items(SD, #{}) of
        {value, Items} -> lists:foldl(fun({Key, Value}, Before) -> Fun(Key, Value, Before) end, Acc, Items);
        {badarg, {_, What}} -> ?BADARG([Fun, Acc, SD], {3, What});
        Failure -> dict_result(Failure)
    end;
shared_dict_fold(Fun, Acc, SD) -> ?BADARG([Fun, Acc, SD], {1, function_3}).

%% @doc Calls a function with all keys and values as they were at one moment, in the order in which the keys were first
%% set. It may change the dict.
-spec shared_dict_foreach(fun((binary() | integer(), value()) -> term()), shared_dict()) -> ok | {error, reason()}.
shared_dict_foreach(Fun, SD) when is_function(Fun, 2) ->
    case py_dict:items(SD, #{}) of
        {value, Items} -> lists:foreach(fun({Key, Value}) -> Fun(Key, Value) end, Items);
        {badarg, {_, What}} -> ?BADARG([Fun, SD], {2, What});
        Failure -> dict_result(Failure)
    end;
shared_dict_foreach(Fun, SD) -> ?BADARG([Fun, SD], {1, function_2}).

%% @equiv shared_dict_lock(SD, Key, #{})
-spec shared_dict_lock(shared_dict(), key()) -> {ok, lock()} | {error, timeout | reason()}.
shared_dict_lock(SD, Key) -> shared_dict_lock(SD, Key, #{}).

%% @doc Takes a key of the dict as a lock, which one holder has at a time, in Erlang or Python (`sd.lock'). Waits while another
%% holds it, at most `timeout' milliseconds: `infinity' if not given, 0 for one look.
%%
%% It is held until {@link shared_dict_unlock/1}, or the end of the calling process; a Python holder's ends with its OS process.
%% With `ttl' it ends by itself after so many milliseconds, unless it is renewed. Whoever is late is told by `fence', a number that
%% is greater for each holder: what is guarded may refuse lesser ones.
%%
%% ```
%% {ok, #{fence := Fence} = Lock} = py:shared_dict_lock(SD, <<"report">>, #{ttl => 30000, timeout => 5000}),
%% ok = write_report(Fence),
%% ok = py:shared_dict_unlock(Lock).
%% '''
%%
%% The dict may be one of another node: there the loss of the holder's node is its end. Raises `badarg' when the key has a value
%% that is no lock. Whoever changes or deletes the key by other functions takes the lock from its holder.
-spec shared_dict_lock(shared_dict(), key(), lock_options()) -> {ok, lock()} | {error, timeout | reason()}.
shared_dict_lock(SD, Key, Options) ->
    case py_lease:lock(SD, Key, Options) of
        {badarg, Cause} -> ?BADARG([SD, Key, Options], Cause);
        Result -> dict_result(Result)
    end.

%% @doc Lets go of a lock. `{error, not_held}' when its time was over before, or others have changed its key.
-spec shared_dict_unlock(lock()) -> ok | {error, not_held | reason()}.
shared_dict_unlock(Lock) ->
    case py_lease:unlock(Lock) of
        ok -> ok;
        missing -> {error, not_held};
        {badarg, Cause} -> ?BADARG([Lock], Cause);
        Failure -> dict_result(Failure)
    end.

%% @doc Gives a lock that is held another time to live, from now on. Its fencing number stays.
-spec shared_dict_renew(lock(), life_options()) -> {ok, lock()} | {error, not_held | reason()}.
shared_dict_renew(Lock, Options) ->
    case py_lease:renew(Lock, Options) of
        missing -> {error, not_held};
        {badarg, Cause} -> ?BADARG([Lock, Options], Cause);
        Result -> dict_result(Result)
    end.

%% @doc Waits until the key has the value, or until the function is true of its value; gives the value.
%%
%% The calling process waits in a `receive' until the key is changed, by whomever. The function is called in it with the value
%% that is there first, and with later ones, but not with all of them when they come faster than it looks, and not while there
%% is none; what it raises ends the wait. Values are compared with `=:='.
%%
%% ```
%% {ok, <<"ready">>} = py:shared_dict_wait(SD, state, fun(State) -> State =:= <<"ready">> end, 5000).
%% '''
%%
%% `{error, timeout}' after so many milliseconds; 0: it looks once. Raises `badarg' when the dict is destroyed, also while it
%% waits, and exits as other operations do when the dict's node is gone.
-spec shared_dict_wait(shared_dict(), key(), value() | fun((value()) -> boolean()), timeout()) ->
          {ok, value()} | {error, timeout | reason()}.
shared_dict_wait(SD, Key, Wanted, Timeout) ->
    case py_waiting:wait(SD, Key, Wanted, Timeout) of
        {value, Value} -> {ok, Value};
        {badarg, Cause} -> ?BADARG([SD, Key, Wanted, Timeout], Cause);
        Failure -> dict_result(Failure)
    end.

%% @doc As {@link shared_dict_wait/4}, for as long as it takes.
-spec shared_dict_wait(shared_dict(), key(), value() | fun((value()) -> boolean())) -> {ok, value()} | {error, reason()}.
shared_dict_wait(SD, Key, Wanted) ->
    case py_waiting:wait(SD, Key, Wanted, infinity) of
        {value, Value} -> {ok, Value};
        {badarg, Cause} -> ?BADARG([SD, Key, Wanted], Cause);
        Failure -> dict_result(Failure)
    end.

%% @doc The calling process gets a message for each change of the dict from now on, until it exits or unsubscribes:
%%
%% ```
%% {shared_dict, SD, {put, Key, Version}}   the key has a value, new or not
%% {shared_dict, SD, {delete, Key}}
%% {shared_dict, SD, {expired, Key}}        its time was over
%% {shared_dict, SD, {clear}}               all keys were deleted
%% {shared_dict, SD, overflow}              changes were missed: look at the dict
%% {shared_dict, SD, destroyed}             the last one
%% '''
%%
%% They come in the order in which the changes were made, whoever made them; those of a batch one after the other. `SD' is the
%% term that was given here. `Version' is another one after each change of the key. A process that subscribes twice gets each
%% message twice. The dict may be another node's. Of what was changed just before a dict is destroyed, `destroyed' may be all that
%% comes.
%%
%% While a dict is watched its changes are written down beside it, and its integers are changed under its lock.
-spec shared_dict_subscribe(shared_dict()) -> {ok, subscription()} | {error, reason()}.
shared_dict_subscribe(SD) ->
    case py_watch:subscribe(SD, all, #{}) of
        {ok, _} = Subscribed -> Subscribed;
        {badarg, Cause} -> ?BADARG([SD], Cause);
        Failure -> dict_result(Failure)
    end.

%% @doc The same for one key, or for the keys that begin with a binary; `all' is all. `{clear}', `overflow' and `destroyed' come
%% in any case.
-spec shared_dict_subscribe(shared_dict(), all | {key, key()} | {prefix, binary()}) ->
          {ok, subscription()} | {error, reason()}.
shared_dict_subscribe(SD, What) ->
    case py_watch:subscribe(SD, What, #{}) of
        {ok, _} = Subscribed -> Subscribed;
        {badarg, Cause} -> ?BADARG([SD, What], Cause);
        Failure -> dict_result(Failure)
    end.

%% @doc The same. `max_queue' (default 1000, or `infinity'): while so many messages wait in the queue of the subscriber it gets
%% no more than one, `overflow'. Of a process on another node than the dict's the queue is not known; it gets `overflow' while the
%% connection of the nodes is busy.
-spec shared_dict_subscribe(shared_dict(), all | {key, key()} | {prefix, binary()},
                            #{max_queue => pos_integer() | infinity}) -> {ok, subscription()} | {error, reason()}.
shared_dict_subscribe(SD, What, Options) ->
    case py_watch:subscribe(SD, What, Options) of
        {ok, _} = Subscribed -> Subscribed;
        {badarg, Cause} -> ?BADARG([SD, What, Options], Cause);
        Failure -> dict_result(Failure)
    end.

%% @doc Ends a subscription, whoever made it; `ok' also when it has ended already. Nothing more is sent once this returns.
-spec shared_dict_unsubscribe(subscription()) -> ok | {error, reason()}.
shared_dict_unsubscribe(Subscription) ->
    case py_watch:unsubscribe(Subscription) of
        ok -> ok;
        {badarg, Cause} -> ?BADARG([Subscription], Cause);
        Failure -> dict_result(Failure)
    end.

%% @doc Destroys a dict; `ok' also when it is destroyed already. All further operations on it raise `badarg'.
-spec shared_dict_destroy(shared_dict()) -> ok | {error, reason()}.
shared_dict_destroy(SD) ->
    case py_dict:destroy(SD) of
        ok -> ok;
        {badarg, Cause} -> ?BADARG([SD], Cause);
        Failure -> dict_result(Failure)
    end.

%%% Running Python

%% @equiv call(Module, Function, Args, #{})
-spec call(name(), name(), [value()]) -> {ok, value()} | {error, reason()}.
call(Module, Function, Args) -> ?JOB(call, [Module, Function, Args]).

%% @doc As {@link call/5}; or `call(Pool, Module, Function, Args)'.
-spec call(name() | pool(), name(), [value()] | name(), names() | [value()]) -> {ok, value()} | {error, reason()}.
call(Module, Function, Args, Kwargs) -> ?JOB(call, [Module, Function, Args, Kwargs]).

%% @doc Calls a function of a Python module and gives its result. `Function' may be dotted, as in
%% `<<"path.join">>' of module `os'. The module `'__main__'' is the namespace of the calling process, in which
%% {@link exec/1} defines its names. Calls of one process run one after the other, in one interpreter.
%% The default timeout is `call_timeout' of {@link pyport_config}, 30 s unless configured.
%%
%% ```
%% {ok, 4.0} = py:call(math, sqrt, [16]),
%% {ok, <<"{\n  \"a\": 1\n}">>} = py:call(json, dumps, [#{a => 1}], #{indent => 2}),
%% {error, {'ValueError', #{message := _}}} = py:call(math, sqrt, [-1]),
%% {ok, <<"default">>} = py:call(default, builtins, str, [<<"default">>]).
%% '''
-spec call(name() | pool(), name(), [value()] | name(), names() | [value()], call_options() | names()) ->
          {ok, value()} | {error, reason()}.
call(Module, Function, Args, Kwargs, Options) -> ?JOB(call, [Module, Function, Args, Kwargs, Options]).

%% @doc As {@link call/5}, in a pool.
-spec call(pool(), name(), name(), [value()], names(), call_options()) -> {ok, value()} | {error, reason()}.
call(Pool, Module, Function, Args, Kwargs, Options) ->
    ?JOB(call, [Pool, Module, Function, Args, Kwargs, Options]).

%% @equiv eval(Code, #{})
-spec eval(name()) -> {ok, value()} | {error, reason()}.
eval(Code) -> ?JOB(eval, [Code]).

%% @doc As {@link eval/3}; or `eval(Pool, Code)'.
-spec eval(name() | pool(), names() | name()) -> {ok, value()} | {error, reason()}.
eval(Code, Vars) -> ?JOB(eval, [Code, Vars]).

%% @doc The value of a Python expression in the namespace of the calling process, with more variables; or
%% `eval(Pool, Code, Vars)'.
%%
%% ```
%% {ok, 42} = py:eval(<<"x + 1">>, #{x => 41}).
%% '''
-spec eval(name() | pool(), names() | name(), call_options() | names()) -> {ok, value()} | {error, reason()}.
eval(Code, Vars, Options) -> ?JOB(eval, [Code, Vars, Options]).

%% @doc As {@link eval/3}, in a pool.
-spec eval(pool(), name(), names(), call_options()) -> {ok, value()} | {error, reason()}.
eval(Pool, Code, Vars, Options) -> ?JOB(eval, [Pool, Code, Vars, Options]).

%% @equiv exec(Code, #{})
-spec exec(name()) -> ok | {error, reason()}.
exec(Code) -> ?JOB(exec, [Code]).

%% @doc As {@link exec/3}; or `exec(Pool, Code)'.
-spec exec(name() | pool(), names() | name()) -> ok | {error, reason()}.
exec(Code, Vars) -> ?JOB(exec, [Code, Vars]).

%% @doc Runs Python statements in the namespace of the calling process; or `exec(Pool, Code, Vars)'. Names that
%% they define stay there until that process exits, or the OS process that they are in ends.
%%
%% ```
%% ok = py:exec(<<"def greet(name): return 'hello ' + name">>),
%% {ok, <<"hello you">>} = py:call('__main__', greet, [<<"you">>]).
%% '''
-spec exec(name() | pool(), names() | name(), options() | names()) -> ok | {error, reason()}.
exec(Code, Vars, Options) -> ?JOB(exec, [Code, Vars, Options]).

%% @doc As {@link exec/3}, in a pool.
-spec exec(pool(), name(), names(), options()) -> ok | {error, reason()}.
exec(Pool, Code, Vars, Options) -> ?JOB(exec, [Pool, Code, Vars, Options]).

%% @equiv run(File, Argv, CallTimeout)
-spec run(file:name_all(), [name()]) -> ok | {error, reason()}.
run(File, Argv) -> ?JOB(run, [File, Argv]).

%% @doc Runs a Python file as a script, as `python File Argv...' would; or `run(Pool, File, Argv)'. A file without a
%% folder is looked for in the node's.
-spec run(file:name_all() | pool(), [name()] | file:name_all(), options() | [name()]) -> ok | {error, reason()}.
run(File, Argv, Options) -> ?JOB(run, [File, Argv, Options]).

%% @doc As {@link run/3}, in a pool.
-spec run(pool(), file:name_all(), [name()], options()) -> ok | {error, reason()}.
run(Pool, File, Argv, Options) -> ?JOB(run, [Pool, File, Argv, Options]).

%% @equiv spawn_call(Module, Function, Args, #{})
-spec spawn_call(name(), name(), [value()]) -> call().
spawn_call(Module, Function, Args) -> ?SPAWN([Module, Function, Args]).

%% @doc As {@link spawn_call/5}; or `spawn_call(Pool, Module, Function, Args)'.
-spec spawn_call(name() | pool(), name(), [value()] | name(), names() | [value()]) -> call().
spawn_call(Module, Function, Args, Kwargs) -> ?SPAWN([Module, Function, Args, Kwargs]).

%% @doc Begins a call as of {@link call/5} and does not wait for it: several run in several interpreters in
%% parallel. The result is to be asked for by {@link await/1}, once, by the same process. Until then a message of
%% ours may stand among its messages. A call of `'__main__'' runs in the process's own interpreter. What goes
%% wrong, also `{error, overloaded}', is told by {@link await/1}. The call ends when its time is over, also
%% when nobody awaits it.
%%
%% ```
%% Calls = [py:spawn_call(math, factorial, [N]) || N <- [10, 20]],
%% [{ok, 3628800}, {ok, 2432902008176640000}] = [py:await(Call) || Call <- Calls].
%% '''
-spec spawn_call(name() | pool(), name(), [value()] | name(), names() | [value()], call_options() | names()) -> call().
spawn_call(Module, Function, Args, Kwargs, Options) -> ?SPAWN([Module, Function, Args, Kwargs, Options]).

%% @doc As {@link spawn_call/5}, in a pool.
-spec spawn_call(pool(), name(), name(), [value()], names(), call_options()) -> call().
spawn_call(Pool, Module, Function, Args, Kwargs, Options) ->
    ?SPAWN([Pool, Module, Function, Args, Kwargs, Options]).

%% @doc The result of a spawned call; waits for it until the call's own timeout is over.
-spec await(call()) -> {ok, value()} | {error, reason()}.
await(Call) ->
    case py_job:await(Call, default) of
        {badarg, Cause} -> ?BADARG([Call], Cause);
        Result -> job_result(Result)
    end.

%% @doc The result of a spawned call; waits at most `Timeout' from now, in place of the call's own. After a
%% timeout the call is ended, as one whose own time is over, and cannot be awaited again.
-spec await(call(), timeout()) -> {ok, value()} | {error, reason()}.
await(Call, Timeout) ->
    case py_job:await(Call, Timeout) of
        {badarg, Cause} -> ?BADARG([Call, Timeout], Cause);
        Result -> job_result(Result)
    end.

%% @doc Raises `erlang.Interrupted' in the Python code of a spawned call. Any process of the node may do so. The
%% call is to be awaited as before, and gives what it ends with: `{error, cancelled}' when that exception has
%% ended it, or it had not begun, or else the value that the code returns after it has caught the exception. If
%% it has not ended 100 ms later its OS process is killed: `{error, {worker_died, #{reason := {stuck_call,
%% _}}}}'. A call that has ended is not touched.
-spec interrupt(call()) -> ok.
interrupt(Call) ->
    case py_job:interrupt(Call) of
        {badarg, Cause} -> ?BADARG([Call], Cause);
        ok -> ok
    end.

%% @doc Ends a spawned call, in place of awaiting it, and by the process that spawned it: its result if it has ended,
%% else `{error, cancelled}' when it has been ended, as one whose time is over, within 250 ms.
-spec cancel(call()) -> {ok, value()} | {error, reason()}.
cancel(Call) ->
    case py_job:cancel(Call) of
        {badarg, Cause} -> ?BADARG([Call], Cause);
        Result -> job_result(Result)
    end.

%% @equiv cast(Module, Function, Args, #{})
-spec cast(name(), name(), [value()]) -> ok | {error, reason()}.
cast(Module, Function, Args) -> ?JOB(cast, [Module, Function, Args]).

%% @doc Begins a call whose result nobody wants; or `cast(Pool, Module, Function, Args)'. It runs in the interpreter
%% of the calling process, after what that process began there before, also when the process exits meanwhile,
%% and without a time limit. That it failed is told to `logger', as a warning.
-spec cast(name() | pool(), name(), [value()] | name(), names() | [value()]) -> ok | {error, reason()}.
cast(Module, Function, Args, Kwargs) -> ?JOB(cast, [Module, Function, Args, Kwargs]).

%% @doc As {@link cast/4}. The timeout is that of the sending: while the pool is being started anew, or is busy.
-spec cast(name() | pool(), name(), [value()] | name(), names() | [value()], options() | names()) ->
          ok | {error, reason()}.
cast(Module, Function, Args, Kwargs, Options) -> ?JOB(cast, [Module, Function, Args, Kwargs, Options]).

%% @doc As {@link cast/5}, in a pool.
-spec cast(pool(), name(), name(), [value()], names(), options()) -> ok | {error, reason()}.
cast(Pool, Module, Function, Args, Kwargs, Options) ->
    ?JOB(cast, [Pool, Module, Function, Args, Kwargs, Options]).

%%% Pools

%% @doc Starts a pool, beside those of the configuration, with the options that {@link pyport_config} describes;
%% returns when its interpreters take calls.
%%
%% ```
%% ok = py:start_pool(science, #{isolation => process, size => 2, python => "/srv/science/venv", preload => [numpy]}).
%% '''
%%
%% Each Erlang process has a namespace of its own in each pool that it uses, in the interpreter that has the
%% fewest. When the OS process of a namespace is gone, it is lost: the process gets a fresh one with its next
%% call, and that is told once, to `logger' (a warning of the domain `[pyport]', with `pool' and `reason' in
%% its metadata) and, where the release has telemetry, by the event `[pyport, namespace, lost]' with the
%% metadata `pool', `pid' and `reason'.
%%
%% Errors: `{bad_config, Key, Why}', `{already_started, Name}', and what {@link pyport:start_link/1} gives.
-spec start_pool(pool(), pool_options()) -> ok | {error, term()}.
start_pool(Name, Options) ->
    case py_pools:start(Name, Options) of
        {badarg, Cause} -> ?BADARG([Name, Options], Cause);
        Result -> job_result(Result)
    end.

%% @doc Stops a pool; returns when its OS processes are gone. Calls that run or wait there get
%% `{error, {worker_died, #{reason := shutdown}}}', later ones `{error, {no_pool, Name}}'.
-spec stop_pool(pool()) -> ok | {error, {no_pool, pool()}}.
stop_pool(Name) -> job_result(py_pools:stop(Name)).

%% @equiv on_restart(default, Code)
-spec on_restart(name()) -> ok | {error, {no_pool, pool()}}.
on_restart(Code) ->
    case py_pools:on_restart(default, Code) of
        {badarg, {_, What}} -> ?BADARG([Code], {1, What});
        Result -> job_result(Result)
    end.

%% @doc Python code that each interpreter of the pool runs from now on when it is fresh, after a death or a recycling,
%% before it takes calls: so that state can be rebuilt which is not kept in dicts. It runs in a module of its
%% own; what it imports and sets there is found by calls. Code that raises makes the start fail, which is tried
%% again and logged. The option `on_restart' of a pool is the same from its start on; `<<>>' is none.
-spec on_restart(pool(), name()) -> ok | {error, {no_pool, pool()}}.
on_restart(Pool, Code) ->
    case py_pools:on_restart(Pool, Code) of
        {badarg, Cause} -> ?BADARG([Pool, Code], Cause);
        Result -> job_result(Result)
    end.

%%% What runs

%% @doc The versions: of pyport's Erlang part, of the port program, of Python (empty while no pool runs), of the
%% protocol between them.
-spec version() -> #{pyport := binary(), program := binary(), python := binary(), protocol := pos_integer()}.
version() -> py_info:version().

%% @doc What runs now. Of the table: live `dicts', their `keys' and `bytes' (of keys and values), `used' and
%% `free' bytes of the file, values that are `pinned' by readers, `repairs' done after processes that died,
%% `processes' attached, `file_bytes' and `max_bytes'; `table' has the `os_pid', `uptime_ms' and `in_flight'
%% requests of its port program. Of Python: `in_flight' requests (those of the table included), `namespaces',
%% and `pools', a map by name of `isolation', `size' and `workers', one for each OS process: `status' (`up', or
%% `draining' while its last calls run), `os_pid', `uptime_ms', `rss', `calls' done, `namespaces', `in_flight',
%% and for each of the `interpreters' its `id', `jobs_done', `jobs_waiting', `busy', `busy_us' and
%% `namespaces'. A worker that does not answer within a second has `status' and `in_flight' alone.
-spec info() -> #{dicts := non_neg_integer(), keys := non_neg_integer(), bytes := non_neg_integer(),
                  used := non_neg_integer(), free := non_neg_integer(), pinned := non_neg_integer(),
                  repairs := non_neg_integer(), processes := non_neg_integer(), file_bytes := non_neg_integer(),
                  max_bytes := non_neg_integer(), table := map(), in_flight := non_neg_integer(),
                  namespaces := non_neg_integer(), pools := #{pool() => map()}} | {error, reason()}.
info() -> dict_result(py_info:info()).

%% @doc Of one dict: its `keys', their and their values' `bytes', and how many of its values are `pinned' by readers.
-spec info(shared_dict()) -> #{keys := non_neg_integer(), bytes := non_neg_integer(), pinned := non_neg_integer()}
                           | {error, reason()}.
info(SD) ->
    case py_dict:info(SD) of
        {value, Info} -> Info;
        {badarg, Cause} -> ?BADARG([SD], Cause);
        Failure -> dict_result(Failure)
    end.

%% @doc The dict's name as text, by which a Python process of the same user on the same machine opens it:
%% `SharedDict.open(Name)'. Whoever knows it may use the dict as long as it lives.
%%
%% Raises `badarg' as {@link shared_dict_get/2} does.
-spec shared_dict_name(shared_dict()) -> binary() | {error, reason()}.
shared_dict_name(SD) ->
    case py_dict:name(SD) of
        {value, Name} -> Name;
        {badarg, Cause} -> ?BADARG([SD], Cause);
        Failure -> dict_result(Failure)
    end.

%%% Results

dict_result({down, Why}) -> exit({port_down, Why});
dict_result({nodedown, Node}) -> exit({nodedown, Node});
dict_result(Result) -> Result.

job_result({down, Why}) -> exit({port_down, Why});
job_result(Result) -> Result.

spawn_result({ok, Call}) -> Call;
spawn_result({down, Why}) -> exit({port_down, Why}).
