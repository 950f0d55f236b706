%% @private Frames: bodies of requests, and what replies and events mean. Pure; see docs/protocol.md.
%%
%% Nothing here makes an atom: terms are decoded with `safe', and all atoms that the port program itself may
%% send stand in known_atoms/0, so that they exist as soon as this module is loaded.
-module(py_protocol).

-include("py_protocol.hrl").

-export([header/3, encode/1, get/2, set/3, part/2, hello/1]).
-export([value/1, term/1, failure/1, exception/1, log/1, destroyed/1, changes/1, cast_failed/1, stuck/1]).
-export([known_atoms/0]).

-export_type([op/0, flags/0, id/0, key/0, stamp/0, body/0, failure/0, exception/0, log/0]).

-type op() :: 0..255.
-type flags() :: 0..16#1f0f.
-type id() :: 0..16#ffffffff.
-type stamp() :: non_neg_integer().
%% Of the change by which a key got its value.
-type body() :: binary() | [].
%% An encoded term, or nothing.
-type key() :: binary() | integer().
-type exception() :: {py_exceptions:builtin() | binary(), #{message := binary(), traceback := [binary()]}}.
-type failure() :: {error, term()} | {badarg, bad_key} | {down, shutting_down}.
-type log() :: #{stream := stdout | stderr | log, level := logger:level(), logger := binary(),
                 interpreter := non_neg_integer(), text := binary()}.

%%% Requests

-spec header(op(), flags(), id()) -> binary().
header(Op, Flags, Id) -> <<?PROTOCOL_VERSION, Op, Flags:16, Id:32>>.

%% @doc Any term as a body. minor_version 2 writes atoms as UTF-8 under every OTP release.
-spec encode(term()) -> binary().
encode(Term) -> term_to_binary(Term, [{minor_version, 2}]).

%% @doc A handle and a key: of GET, DEL, TAKE and IS_KEY.
-spec get(py_handle:bits(), key()) -> binary().
get(Bits, Key) when is_binary(Key) ->
    <<131, 104, 2, 109, 16:32, Bits/binary, 109, (byte_size(Key)):32, Key/binary>>;
get(Bits, Key) -> encode({Bits, Key}).

-spec set(py_handle:bits(), key(), term()) -> binary() | iolist().
set(Bits, Key, Value) when is_binary(Value), byte_size(Value) > 4096 -> uncopied(encode({Bits, Key, <<>>}), Value);
set(Bits, Key, Value) -> encode({Bits, Key, Value}).

%% @doc A part of a transfer.
-spec part(pos_integer(), binary()) -> iolist().
part(Transfer, Part) -> uncopied(encode({Transfer, <<>>}), Part).

%% A body that ends with an empty binary, with another in its place: those bytes go to the port as they are.
uncopied(Empty, Binary) -> [binary_part(Empty, 0, byte_size(Empty) - 4), <<(byte_size(Binary)):32>>, Binary].


%% @doc The keys of the role must be there, and no others.
-spec hello(map()) -> binary().
hello(#{role := Role} = Hello) ->
    [] = maps:keys(Hello) -- hello_keys(Role),
    [] = hello_keys(Role) -- maps:keys(Hello),
    encode(Hello#{protocol => ?PROTOCOL_VERSION}).

hello_keys(table) -> [limits | hello_keys()];
hello_keys(python) ->
    [pool, isolation, interpreters, python, python_path, max_queue, preload, on_restart, max_memory, allow_import,
     stderr | hello_keys()].

hello_keys() -> [role, table, node, node_pid, max_frame, none, log_credit].

%%% Replies

%% @doc The term of a VALUE.
-spec value(binary()) -> {ok, term()} | {error, {bad_term, [], {unknown_atom, binary()} | bad_external}}.
value(<<131, 109, Size:32, Value:Size/binary>>) when Size >= 512 ->
    {ok, Value};   % a part of the frame, which is little more than it: no copy
value(Body) ->
    try binary_to_term(Body, [safe]) of
        Term -> {ok, Term}
    catch
        error:badarg -> {error, {bad_term, [], unreadable(Body)}}
    end.

unreadable(Body) ->
    case py_etf:unknown_atom(Body) of
        none -> bad_external;
        Unknown -> Unknown
    end.

%% @doc The term of a body that the port program itself made.
-spec term(binary()) -> term().
term(Body) -> binary_to_term(Body, [safe]).

%% @doc What an ERROR means to the caller.
-spec failure(binary()) -> failure().
failure(Body) ->
    case term(Body) of
        bad_key -> {badarg, bad_key};
        shutting_down -> {down, shutting_down};
        {table_full, Limit} -> {error, {table_full, limit(Limit)}};
        Term -> {error, Term}
    end.

%% A limit's name as an atom, those of pyport_config as they are there.
limit(<<"max_table_bytes">>) -> max_table_bytes;
limit(<<"max_dict_bytes">>) -> max_dict_bytes;
limit(<<"max_dict_keys">>) -> max_dict_keys;
limit(<<"max_value_bytes">>) -> max_value_bytes;
limit(<<"max_key_bytes">>) -> max_key_bytes;
limit(<<"max_dicts">>) -> max_dicts;
limit(<<"memory">>) -> memory;
limit(<<"shared memory">>) -> shared_memory;
limit(Other) -> Other.

%% @doc What an EXCEPTION means to the caller.
-spec exception(binary()) -> exception().
exception(Body) -> exception_term(term(Body)).

exception_term({Type, IsBuiltin, Message, Traceback}) ->
    {py_exceptions:type(Type, IsBuiltin), #{message => Message, traceback => Traceback}}.

%%% Events

-spec log(binary()) -> log().
log(Body) ->
    {Stream, Level, Logger, Interpreter, Text} = term(Body),
    #{stream => Stream, level => Level, logger => Logger, interpreter => Interpreter, text => Text}.

-spec destroyed(binary()) -> [py_handle:bits()].
destroyed(Body) -> [Bits || <<_:16/binary>> = Bits <- term(Body)].

%% @doc The dict and its changes, in order.
-spec changes(binary()) -> {py_handle:bits(), [{put | delete | expired, key(), stamp()} | clear | overflow | destroyed]}.
changes(Body) ->
    {<<_:16/binary>>, _} = Changes = term(Body),
    Changes.

-spec cast_failed(binary()) -> {exception, exception()} | {error, term()}.
cast_failed(Body) ->
    case term(Body) of
        {_Ns, {_, _, _, _} = Exception} -> {exception, exception_term(Exception)};
        {_Ns, Error} -> {error, Error}
    end.

%% @doc The id of the job that did not stop.
-spec stuck(binary()) -> id().
stuck(Body) ->
    {Id} = term(Body),
    Id.

%% @doc Every atom that the port program may send.
-spec known_atoms() -> [atom()].
known_atoms() ->
    %% special terms and values
    ['$pyport_dict', py_object, bytes, none, nil, undefined, true, false, infinity, neg_infinity, nan,
     %% error terms, Why of bad_term
     bad_frame, bad_etf, unknown_op, protocol_mismatch, frame_too_large, bad_config, bad_key, bad_term, gone,
     exists, table_full, corrupt, busy, no_namespace, overloaded, cancelled, shutting_down,
     depth, duplicate_key, unhashable_key, surrogate, unpicklable, bad_pickle, bad_external, unknown_atom, cycle,
     too_large, overflow, not_an_integer,
     %% CHANGES
     put, delete, expired, clear, destroyed,
     %% HELLO and INFO
     protocol, version, python, os_pid, interpreters, dicts, keys, namespaces, uptime_ms,
     used, free, pinned, stamp, repairs, processes, file_bytes, max_bytes, rss, calls,
     id, jobs_done, jobs_waiting, busy, busy_us,
     %% STAT
     bytes, created, last_use, ttl, idle, max_value_bytes, owner, name, process, os_process, node, dict,
     %% LOG
     stdout, stderr, log, debug, info, notice, warning, error, critical, alert, emergency].
