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
%% <h3>Names and code</h3>
%% are given as binaries of UTF-8, strings or atoms; keyword arguments and variables as maps or lists of
%% pairs with such names as keys.
%%
%% <h3>What may go wrong</h3>
%% <dl>
%% <dt>`{error, {Type, #{message := Message, traceback := Lines}}}'</dt><dd>Python raised an exception. `Type' is
%%   an atom such as `'KeyError'' for Python's own exceptions and a binary such as
%%   `<<"json.decoder.JSONDecodeError">>' for others.</dd>
%% <dt>`{error, timeout}'</dt><dd>The time was over; the Python code is interrupted.</dd>
%% <dt>`{error, {worker_died, Why}}'</dt><dd>The port program died while it ran the code.</dd>
%% <dt>`{error, overloaded}'</dt><dd>Too many requests wait, for a reply (`max_in_flight') or for
%%   the interpreter (`max_queue').</dd>
%% <dt>`{error, {frame_too_large, Bytes, Max}}'</dt><dd>A request or its result is larger than `max_frame'.</dd>
%% <dt>`{error, {bad_term, Path, Why}}'</dt><dd>A value cannot be converted; `Path' leads to it through map keys and
%%   1-based positions. `{unknown_atom, Name}' means that the node does not know an atom in the result.</dd>
%% <dt>`{error, table_full}'</dt><dd>There is no room for the value; the old one is kept.</dd>
%% <dt>`{error, no_namespace}'</dt><dd>The calling process is no longer known to the port program.</dd>
%% <dt>`exit({port_down, Why})'</dt><dd>pyport is not started, or its port program just died; as with a call of
%%   a gen_server that is not there. A dict operation during which the port program died exits likewise.</dd>
%% <dt>`error(badarg)'</dt><dd>A wrong argument, or a dict that is no more; the shell and `logger' explain
%%   which and why.</dd>
%% </dl>
-module(py).


-export([shared_dict_new/0, shared_dict_get/2, shared_dict_get/3, shared_dict_set/3, shared_dict_del/2,
         shared_dict_keys/1, shared_dict_destroy/1]).
-export([call/3, call/4, call/5, eval/1, eval/2, eval/3, exec/1, exec/2, exec/3, run/2, run/3]).
-export([spawn_call/3, spawn_call/4, spawn_call/5, await/1, await/2, cast/3, cast/4]).
-export([version/0, info/0]).

-export_type([shared_dict/0, key/0, value/0, name/0, names/0, reason/0, call/0]).

-type shared_dict() :: py_handle:handle().
%% A handle. It may be kept, sent to any process of any connected node, and given to Python.
-type key() :: binary() | atom() | integer().
%% An atom means its name: `port' and `<<"port">>' are one key. Integers have 64 bits.
-type value() :: term().
%% See "Values" above.
-type name() :: binary() | string() | atom().
-type names() :: #{name() => value()} | [{name(), value()} | atom()].
-type call() :: py_job:call().
%% A call that was spawned and is to be awaited.
-type reason() :: {py_exceptions:builtin() | binary(), #{message := binary(), traceback := [binary()]}}
                | timeout | overloaded | no_namespace | table_full
                | {worker_died, Why :: term()}
                | {frame_too_large, Bytes :: pos_integer(), Max :: pos_integer()}
                | {bad_term, Path :: [binary() | integer()], Why :: term()}
                | {bad_frame | bad_etf, Why :: binary()}
                | {unknown_op, integer()}.
%% See "What may go wrong" above.

%% Raised here and not in a helper, so that the function that the user called stands on top of the stack
%% trace, with its arguments.
-define(BADARG(Args, Cause),
        erlang:error(badarg, Args, [{error_info, #{module => py_error, cause => Cause}}])).

%%% Shared dictionaries

%% @doc Makes a dict that the calling process owns: it is destroyed when that process exits, for
%% whatever reason. Called by way of `rpc' or `erpc', the owner is the process that does the call on this
%% node, so the dict ends with the call.
-spec shared_dict_new() -> {ok, shared_dict()} | {error, reason()}.
shared_dict_new() -> dict_result(py_dict:new()).

%% @doc The value of a key, `undefined' when there is none.
-spec shared_dict_get(shared_dict(), key()) -> value() | {error, reason()}.
shared_dict_get(SD, Key) ->
    case py_dict:get(SD, Key) of
        {value, Value} -> Value;
        missing -> undefined;
        {badarg, Cause} -> ?BADARG([SD, Key], Cause);
        Failure -> dict_result(Failure)
    end.

%% @doc The value of a key, `Default', the very same term, when there is none.
-spec shared_dict_get(shared_dict(), key(), Default) -> value() | Default | {error, reason()}.
shared_dict_get(SD, Key, Default) ->
    case py_dict:get(SD, Key) of
        {value, Value} -> Value;
        missing -> Default;
        {badarg, Cause} -> ?BADARG([SD, Key, Default], Cause);
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

%% @doc Deletes a key; `ok' also when it is not there.
-spec shared_dict_del(shared_dict(), key()) -> ok | {error, reason()}.
shared_dict_del(SD, Key) ->
    case py_dict:del(SD, Key) of
        ok -> ok;
        missing -> ok;
        {badarg, Cause} -> ?BADARG([SD, Key], Cause);
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
call(Module, Function, Args) ->
    case py_job:call(Module, Function, Args, #{}, default) of
        {badarg, Cause} -> ?BADARG([Module, Function, Args], Cause);
        Result -> job_result(Result)
    end.

%% @equiv call(Module, Function, Args, Kwargs, CallTimeout)
-spec call(name(), name(), [value()], names()) -> {ok, value()} | {error, reason()}.
call(Module, Function, Args, Kwargs) ->
    case py_job:call(Module, Function, Args, Kwargs, default) of
        {badarg, Cause} -> ?BADARG([Module, Function, Args, Kwargs], Cause);
        Result -> job_result(Result)
    end.

%% @doc Calls a function of a Python module and gives its result. `Function' may be dotted, as in
%% `<<"path.join">>' of module `os'. The module `'__main__'' is the namespace of the calling process, in which
%% {@link exec/1} defines its names. Calls of one process run one after the other, in one interpreter.
%% The default timeout is `call_timeout' of {@link pyport_config}, 30 s unless configured.
%%
%% ```
%% {ok, 4.0} = py:call(math, sqrt, [16]),
%% {ok, <<"{\n  \"a\": 1\n}">>} = py:call(json, dumps, [#{a => 1}], #{indent => 2}),
%% {error, {'ValueError', #{message := _}}} = py:call(math, sqrt, [-1]).
%% '''
-spec call(name(), name(), [value()], names(), timeout()) -> {ok, value()} | {error, reason()}.
call(Module, Function, Args, Kwargs, Timeout) ->
    case py_job:call(Module, Function, Args, Kwargs, Timeout) of
        {badarg, Cause} -> ?BADARG([Module, Function, Args, Kwargs, Timeout], Cause);
        Result -> job_result(Result)
    end.

%% @equiv eval(Code, #{})
-spec eval(name()) -> {ok, value()} | {error, reason()}.
eval(Code) ->
    case py_job:eval(Code, #{}, default) of
        {badarg, Cause} -> ?BADARG([Code], Cause);
        Result -> job_result(Result)
    end.

%% @equiv eval(Code, Vars, CallTimeout)
-spec eval(name(), names()) -> {ok, value()} | {error, reason()}.
eval(Code, Vars) ->
    case py_job:eval(Code, Vars, default) of
        {badarg, Cause} -> ?BADARG([Code, Vars], Cause);
        Result -> job_result(Result)
    end.

%% @doc The value of a Python expression in the namespace of the calling process, with more variables.
%%
%% ```
%% {ok, 42} = py:eval(<<"x + 1">>, #{x => 41}).
%% '''
-spec eval(name(), names(), timeout()) -> {ok, value()} | {error, reason()}.
eval(Code, Vars, Timeout) ->
    case py_job:eval(Code, Vars, Timeout) of
        {badarg, Cause} -> ?BADARG([Code, Vars, Timeout], Cause);
        Result -> job_result(Result)
    end.

%% @equiv exec(Code, #{})
-spec exec(name()) -> ok | {error, reason()}.
exec(Code) ->
    case py_job:exec(Code, #{}, default) of
        {badarg, Cause} -> ?BADARG([Code], Cause);
        Result -> job_result(Result)
    end.

%% @equiv exec(Code, Vars, CallTimeout)
-spec exec(name(), names()) -> ok | {error, reason()}.
exec(Code, Vars) ->
    case py_job:exec(Code, Vars, default) of
        {badarg, Cause} -> ?BADARG([Code, Vars], Cause);
        Result -> job_result(Result)
    end.

%% @doc Runs Python statements in the namespace of the calling process. Names that they define stay there
%% until that process exits.
%%
%% ```
%% ok = py:exec(<<"def greet(name): return 'hello ' + name">>),
%% {ok, <<"hello you">>} = py:call('__main__', greet, [<<"you">>]).
%% '''
-spec exec(name(), names(), timeout()) -> ok | {error, reason()}.
exec(Code, Vars, Timeout) ->
    case py_job:exec(Code, Vars, Timeout) of
        {badarg, Cause} -> ?BADARG([Code, Vars, Timeout], Cause);
        Result -> job_result(Result)
    end.

%% @equiv run(File, Argv, CallTimeout)
-spec run(file:name_all(), [name()]) -> ok | {error, reason()}.
run(File, Argv) ->
    case py_job:run(File, Argv, default) of
        {badarg, Cause} -> ?BADARG([File, Argv], Cause);
        Result -> job_result(Result)
    end.

%% @doc Runs a Python file as a script, as `python File Argv...' would. A file without a folder is looked
%% for in the node's.
-spec run(file:name_all(), [name()], timeout()) -> ok | {error, reason()}.
run(File, Argv, Timeout) ->
    case py_job:run(File, Argv, Timeout) of
        {badarg, Cause} -> ?BADARG([File, Argv, Timeout], Cause);
        Result -> job_result(Result)
    end.

%% @equiv spawn_call(Module, Function, Args, #{})
-spec spawn_call(name(), name(), [value()]) -> call().
spawn_call(Module, Function, Args) ->
    case py_job:spawn_call(Module, Function, Args, #{}, default) of
        {badarg, Cause} -> ?BADARG([Module, Function, Args], Cause);
        Result -> spawn_result(Result)
    end.

%% @equiv spawn_call(Module, Function, Args, Kwargs, CallTimeout)
-spec spawn_call(name(), name(), [value()], names()) -> call().
spawn_call(Module, Function, Args, Kwargs) ->
    case py_job:spawn_call(Module, Function, Args, Kwargs, default) of
        {badarg, Cause} -> ?BADARG([Module, Function, Args, Kwargs], Cause);
        Result -> spawn_result(Result)
    end.

%% @doc Begins a call as of {@link call/5} and does not wait for it: several run in several interpreters in
%% parallel. The result is to be asked for by {@link await/1}, once, by the same process. Until then a message of
%% ours may stand among its messages. A call of `'__main__'' runs in the process's own interpreter. What goes
%% wrong, also `{error, overloaded}', is told by {@link await/1}.
%%
%% ```
%% Calls = [py:spawn_call(math, factorial, [N]) || N <- [10, 20]],
%% [{ok, 3628800}, {ok, 2432902008176640000}] = [py:await(Call) || Call <- Calls].
%% '''
-spec spawn_call(name(), name(), [value()], names(), timeout()) -> call().
spawn_call(Module, Function, Args, Kwargs, Timeout) ->
    case py_job:spawn_call(Module, Function, Args, Kwargs, Timeout) of
        {badarg, Cause} -> ?BADARG([Module, Function, Args, Kwargs, Timeout], Cause);
        Result -> spawn_result(Result)
    end.

%% @doc The result of a spawned call; waits for it until the call's own timeout is over.
-spec await(call()) -> {ok, value()} | {error, reason()}.
await(Call) ->
    case py_job:await(Call, default) of
        {badarg, Cause} -> ?BADARG([Call], Cause);
        Result -> job_result(Result)
    end.

%% @doc The result of a spawned call; waits at most `Timeout' from now, in place of the call's own. After a
%% timeout the Python code is interrupted, and the call cannot be awaited again.
-spec await(call(), timeout()) -> {ok, value()} | {error, reason()}.
await(Call, Timeout) ->
    case py_job:await(Call, Timeout) of
        {badarg, Cause} -> ?BADARG([Call, Timeout], Cause);
        Result -> job_result(Result)
    end.

%% @equiv cast(Module, Function, Args, #{})
-spec cast(name(), name(), [value()]) -> ok | {error, reason()}.
cast(Module, Function, Args) ->
    case py_job:cast(Module, Function, Args, #{}) of
        {badarg, Cause} -> ?BADARG([Module, Function, Args], Cause);
        Result -> job_result(Result)
    end.

%% @doc Begins a call whose result nobody wants. It runs in the interpreter of the calling process, after what
%% that process began there before, also when the process exits meanwhile. That it failed is told to `logger',
%% as a warning.
-spec cast(name(), name(), [value()], names()) -> ok | {error, reason()}.
cast(Module, Function, Args, Kwargs) ->
    case py_job:cast(Module, Function, Args, Kwargs) of
        {badarg, Cause} -> ?BADARG([Module, Function, Args, Kwargs], Cause);
        Result -> job_result(Result)
    end.

%%% What runs

%% @doc The versions: of pyport's Erlang part, of the port program, of Python, of the protocol between them.
-spec version() -> #{pyport := binary(), program := binary(), python := binary(), protocol := pos_integer()}.
version() -> py_info:version(py_context:get()).

%% @doc What the port program does now: live `dicts', their `keys' and `bytes', `namespaces', `os_pid', `uptime_ms',
%% `in_flight' requests, and for each of the `interpreters' its `id', `jobs_done', `jobs_waiting', `busy',
%% `busy_us' and `namespaces'.
-spec info() -> #{dicts := non_neg_integer(), keys := non_neg_integer(), bytes := non_neg_integer(),
                  namespaces := non_neg_integer(), os_pid := pos_integer(), uptime_ms := non_neg_integer(),
                  in_flight := non_neg_integer(), interpreters := [map()]} | {error, reason()}.
info() -> dict_result(py_info:info(py_context:get())).

%%% Results

dict_result({down, Why}) -> exit({port_down, Why});
dict_result({nodedown, Node}) -> exit({nodedown, Node});
dict_result(Result) -> Result.

job_result({down, Why}) -> exit({port_down, Why});
job_result(Result) -> Result.

spawn_result({ok, Call}) -> Call;
spawn_result({down, Why}) -> exit({port_down, Why}).
