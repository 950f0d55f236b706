%% @private Explains the `badarg' of module py; see error_info in erlang:error/3.
%%
%% The cause names the argument and what is wrong with it:
%% `{Position, What}', What being one of the atoms below.
-module(py_error).

-export([format_error/2]).

-export_type([cause/0]).

-type what() :: not_a_handle | not_a_list | destroyed | lost | key | keys | pairs | name | code | arguments | keyword_arguments | variables
              | timeout | file | argv | call | pool | options | call_options | convert | read_options
              | int64 | dict_name | open_options | dict_options | life_options | counter_names
              | transaction | transaction_over | transaction_options | watched | watch_options | subscription
              | lock | lock_options | no_lock
              | function_1 | function_2 | function_3.
-type cause() :: {pos_integer(), what()}.

-spec format_error(term(), erlang:stacktrace()) -> #{pos_integer() | general | reason => unicode:chardata()}.
format_error(_Reason, [{_Module, _Function, _Arguments, Info} | _]) ->
    case proplists:get_value(error_info, Info, #{}) of
        #{cause := {Position, What}} -> #{Position => text(What)};
        _ -> #{}
    end.

-spec text(what()) -> unicode:chardata().
text(not_a_handle) -> "not a SharedDict handle";
text(not_a_list) -> "not the handle of a SharedList";
text(destroyed) -> "the SharedDict has been destroyed";
text(lost) -> "the SharedDict was lost with the table's file";
text(key) -> "key must be a binary, an atom or a 64-bit integer";
text(keys) -> "must be a list of keys, each a binary, an atom or a 64-bit integer";
text(pairs) -> "must be a map or list of pairs, with a binary, an atom or a 64-bit integer as each key";
text(name) -> "must be a name: an atom, or a string or binary of Unicode characters, and not empty";
text(dict_name) -> "must be a name of 1 to 64 bytes: an atom, or a string or binary of Unicode characters without control characters";
text(open_options) -> "must be a map with at most the keys create, global (booleans) and " ++ dict_options();
text(dict_options) -> "must be a map with at most the keys " ++ dict_options();
text(life_options) -> "must be a map with at most the key ttl, which must be a positive number of milliseconds or infinity";
text(transaction) -> "a transaction: this function is of dicts alone";
text(transaction_over) -> "the transaction is over, or is another process's";
text(transaction_options) ->
    "must be a map with at most the keys retries, an integer from 0 or infinity, and timeout, milliseconds or infinity";
text(watched) -> "must be all, {key, Key} or {prefix, Binary}";
text(watch_options) -> "must be a map with at most the key max_queue, a positive integer or infinity";
text(subscription) -> "not what py:shared_dict_subscribe has given";
text(lock) -> "not a lock";
text(lock_options) -> "must be a map with at most the keys ttl (a positive number of milliseconds or infinity) and timeout";
text(no_lock) -> "the key has a value that is no lock";
text(int64) -> "must be an integer of 64 bits";
text(counter_names) -> "must be a number of counters from 1 to a million, or a list of names";
text(function_1) -> "must be a function of one argument";
text(function_2) -> "must be a function of two arguments";
text(function_3) -> "must be a function of three arguments";
text(code) -> "must be Python code: a string or binary of Unicode characters";
text(arguments) -> "must be a list of arguments";
text(keyword_arguments) -> "must be a map or list of pairs, with a different name as each key";
text(variables) -> "must be a map or list of pairs, with a different name as each key";
text(timeout) -> "must be a number of milliseconds (at most 4294967295) or infinity";
text(file) -> "must be the name of a file";
text(argv) -> "must be a list of strings or binaries of Unicode characters";
text(pool) -> "must be the name of a pool: an atom that begins with neither $ nor _";
text(options) -> "must be a timeout, or a map with at most the keys pool and timeout, which names no second pool";
text(call_options) ->
    "must be a timeout, or a map with at most the keys pool, timeout and convert, which names no second pool";
text(convert) -> "its convert " ++ convert();
text(read_options) -> "must be a map with at most the key convert, which " ++ convert();
text(call) -> "not a call that this process has spawned and not yet awaited".

dict_options() -> "ttl or idle (a positive number of milliseconds) and max_value_bytes (a positive integer)".

convert() -> "must be all, none or a list of set, datetime, decimal, uuid and numpy".
