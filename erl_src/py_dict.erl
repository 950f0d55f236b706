%% @private Requests on dicts: local ones go to the port program, those of other nodes are carried there.
%%
%% Functions return what happened instead of raising it, so that module py can raise with its own function on
%% top of the stack trace. `{down, _}' and `{nodedown, _}' are exits there.
-module(py_dict).

-include("py_context.hrl").
-include("py_protocol.hrl").

-export([new/1, new_of/2, get/3, set/3, set/4, del/2, keys/1, destroy/1, info/1, name/1]).
-export([number/4, cas/4]).
-export([take/2, put_new/3, put_new/4, get_stamped/2, put_if/4, put_if/5, del_if/3, is_key/2, clear/1]).
-export([get_stamped/3, get_many_stamped/3, keys_stamped/1, items_stamped/2, transact/4]).
-export([get_many/3, set_many/2, del_many/2, items/2]).
-export([table_info/0, of_table/2, serve/3, on_node/4, sent_key/1, subscribe/1]).

-export_type([result/1]).

-type result(Success) :: Success | {badarg, py_error:cause()} | {error, term()} | {down, term()} | {nodedown, node()}.

-define(RESTART, 500).   % milliseconds that an operation which was not sent waits for the next port of the table

-define(PAUSE, 1).       % until a py_port has noticed that its port is closed

-define(IS_INT64(N), is_integer(N), N >= -(1 bsl 63), N < 1 bsl 63).

-define(HANDLE, 1).   % positions of arguments in py:shared_dict_*
-define(KEY, 2).

%% @doc Options are those of py_options:dict/1.
-spec new(term()) -> result({ok, py_handle:handle()}).
new(Options) -> new_of(self(), Options).

%% @doc A dict that another process owns, perhaps of another node.
-spec new_of(pid(), term()) -> result({ok, py_handle:handle()}).
new_of(Owner, Options) ->
    case py_options:dict(Options) of
        {ok, Sent} -> with_table(fun(Context) -> new(Owner, Context, Sent) end);
        error -> {badarg, {1, dict_options}}
    end.

new(Owner, Context, Sent) ->
    case py_request:prepare(Context) of
        {ok, Ticket} -> new(Owner, Context, Sent, Ticket);
        Failure -> Failure
    end.

new(Owner, Context, Sent, {_, Id, _} = Ticket) ->
    case py_owner:new_dict(Owner, Context, Id, Sent) of
        {ok, Bits} -> made(Bits, py_request:await(Ticket, infinity));
        Failure -> py_request:abandon(Ticket, Failure)
    end.

made(Bits, {?REPLY_OK, _}) -> {ok, py_handle:of_bits(Bits)};
made(Bits, Failure) ->
    ok = py_owner:abandon(Bits),
    outcome(Failure, Bits).   % a table that died meanwhile counts as one that was not asked: nobody has that handle

%% @doc Options are those of py_convert:of_read/1; they stand behind the key and the default.
-spec get(term(), term(), term()) -> result({value, term()} | missing).
get(Handle, Key, Options) ->
    case py_convert:of_read(Options) of
        {ok, Flags} -> with_key(Handle, get, Key, asked(Flags));
        error -> badarg(Handle, {4, read_options})
    end.

%% Nodes of the version before know no flags.
asked(0) -> [];
asked(Flags) -> [Flags].

-spec set(term(), term(), term()) -> result(ok).
set(Handle, Key, Value) -> with_key(Handle, set, Key, [Value]).

%% @doc Options are those of py_options:life/1.
-spec set(term(), term(), term(), term()) -> result(ok).
set(Handle, Key, Value, Options) ->
    with_life(Handle, Options, fun(Life) -> with_key(Handle, set, Key, [Value, Life]) end).

with_life(Handle, Options, Do) ->
    case py_options:life(Options) of
        {ok, Life} -> Do(Life);
        error -> badarg(Handle, {4, life_options})
    end.

-spec del(term(), term()) -> result(ok | missing).
del(Handle, Key) -> with_key(Handle, del, Key, []).

%% @doc The value of a key, which is deleted. After an error it is still there.
-spec take(term(), term()) -> result({value, term()} | missing).
take(Handle, Key) ->
    case with_key(Handle, take, Key, []) of
        ok -> take_what_is_read(Handle, Key);
        Result -> Result
    end.

%% A value that this node may not know an atom of, or that comes in parts, is deleted once it is here.
take_what_is_read(Handle, Key) ->
    case get_stamped(Handle, Key) of
        {value, {Stamp, Value}} ->
            case with_key(Handle, del_if, Key, [Stamp]) of
                ok -> {value, Value};
                missing -> take(Handle, Key);   % another came first
                Failure -> Failure
            end;
        Result -> Result
    end.

%% @doc `missing' when the key is there already, and so is not set.
-spec put_new(term(), term(), term()) -> result(ok | missing).
put_new(Handle, Key, Value) -> put_if(Handle, Key, Value, ?ABSENT).

-spec put_new(term(), term(), term(), term()) -> result(ok | missing).
put_new(Handle, Key, Value, Options) ->
    with_life(Handle, Options, fun(Life) -> with_key(Handle, put_if, Key, [Value, ?ABSENT, Life]) end).

%% @doc The value with its stamp.
-spec get_stamped(term(), term()) -> result({value, {py_protocol:stamp(), term()}} | missing).
get_stamped(Handle, Key) -> with_key(Handle, get_stamped, Key, []).

%% @doc The same, converted as the flags ask for.
-spec get_stamped(term(), term(), py_protocol:flags()) -> result({value, {py_protocol:stamp(), term()}} | missing).
get_stamped(Handle, Key, Flags) -> with_key(Handle, get_stamped, Key, [Flags]).

%% @doc For each key its stamp and value, or `{}'. The keys are such as are sent.
-spec get_many_stamped(term(), [py_protocol:key()], py_protocol:flags()) ->
          result({value, [{py_protocol:stamp(), term()} | {}]}).
get_many_stamped(Handle, Keys, Flags) -> on_dict(Handle, get_many_stamped, [Keys, Flags]).

%% @doc All keys, and the stamp of the dict as a whole.
-spec keys_stamped(term()) -> result({value, {py_protocol:stamp(), [py_protocol:key()]}}).
keys_stamped(Handle) -> on_dict(Handle, keys_stamped, []).

%% @doc All keys with their values, and their stamp.
-spec items_stamped(term(), py_protocol:flags()) -> result({value, {py_protocol:stamp(), [{py_protocol:key(), term()}]}}).
items_stamped(Handle, Flags) -> on_dict(Handle, items_stamped, [Flags]).

%% @doc Makes all of the changes if all that was read is so still; else gives which of the keys that were read is another now,
%% 0 for the dict as a whole, and changes nothing. A change without a value deletes the key.
-spec transact(term(), [{py_protocol:key(), py_protocol:stamp()}], [py_protocol:stamp()],
               [{py_protocol:key(), term()} | py_protocol:key()]) -> result(ok | {value, non_neg_integer()}).
transact(Handle, Read, All, Changes) -> on_dict(Handle, transact, [Read, All, Changes]).

%% @doc `missing' when the key has another stamp, and so is not set.
-spec put_if(term(), term(), term(), py_protocol:stamp()) -> result(ok | missing).
put_if(Handle, Key, Value, Stamp) -> with_key(Handle, put_if, Key, [Value, Stamp]).

%% @doc The same, with what py_options:life/1 gives.
-spec put_if(term(), term(), term(), py_protocol:stamp(), dict | non_neg_integer()) -> result(ok | missing).
put_if(Handle, Key, Value, Stamp, Life) -> with_key(Handle, put_if, Key, [Value, Stamp, Life]).

%% @doc `missing' when the key has another stamp, and so is not deleted.
-spec del_if(term(), term(), py_protocol:stamp()) -> result(ok | missing).
del_if(Handle, Key, Stamp) -> with_key(Handle, del_if, Key, [Stamp]).

%% @doc Changes an integer, and gives it as it was before and after.
-spec number(term(), term(), 0..5, integer()) -> result({value, {integer(), integer()}}).
number(Handle, Key, Operation, Operand) when ?IS_INT64(Operand) -> with_key(Handle, number, Key, [Operation, Operand, 0]);
number(Handle, _, _, _) -> badarg(Handle, {3, int64}).

%% @doc Replaces a value that is the expected one; gives what else is there, if it is another.
-spec cas(term(), term(), term(), term()) -> result(ok | {other, term()} | missing).
cas(Handle, Key, Expected, New) when ?IS_INT64(Expected), ?IS_INT64(New) ->
    case with_key(Handle, number, Key, [?NUMBER_CAS, New, Expected]) of
        {value, {Expected, _}} -> ok;
        {value, {Other, _}} -> {other, Other};
        {error, {bad_term, [], not_an_integer}} -> cas_value(Handle, Key, Expected, New);
        Failure -> Failure
    end;
cas(Handle, Key, Expected, New) -> cas_value(Handle, Key, Expected, New).

cas_value(Handle, Key, Expected, New) ->
    case get_stamped(Handle, Key) of
        {value, {Stamp, Expected}} ->
            case put_if(Handle, Key, New, Stamp) of
                missing -> cas(Handle, Key, Expected, New);   % another came first
                Result -> Result
            end;
        {value, {_, Other}} -> {other, Other};
        missing when ?IS_INT64(Expected), ?IS_INT64(New) -> cas(Handle, Key, Expected, New);   % deleted just now: it counts as 0
        Result -> Result
    end.

-spec is_key(term(), term()) -> result(ok | missing).
is_key(Handle, Key) -> with_key(Handle, is_key, Key, []).

-spec clear(term()) -> result(ok).
clear(Handle) -> on_dict(Handle, clear, []).

-spec keys(term()) -> result({value, [binary() | integer()]}).
keys(Handle) -> on_dict(Handle, keys, []).

-spec destroy(term()) -> result(ok).
destroy(Handle) -> on_dict(Handle, destroy, []).

%% @doc What py:info/1 tells.
-spec info(term()) -> result({value, map()}).
info(Handle) -> on_dict(Handle, info, []).

%% @doc By which Python processes of the same user and machine open it.
-spec name(term()) -> result({value, binary()}).
name(Handle) -> on_dict(Handle, name, []).

with_key(Handle, Op, Key, More) ->
    case sent_key(Key) of
        bad_key -> badarg(Handle, {?KEY, key});
        Sent -> on_dict(Handle, Op, [Sent | More])
    end.

%% @doc From now on the port program tells the changes of a dict of this node.
-spec subscribe(py_handle:bits()) -> result(ok).
subscribe(Bits) -> request(?OP_SUBSCRIBE, Bits, py_protocol:encode(Bits)).

%% @doc A key as it is sent.
-spec sent_key(term()) -> py_protocol:key() | bad_key.
sent_key(Key) when is_binary(Key) -> Key;
sent_key(Key) when is_atom(Key) -> atom_to_binary(Key, utf8);
sent_key(Key) when is_integer(Key), Key >= -(1 bsl 63), Key < 1 bsl 63 -> Key;
sent_key(_) -> bad_key.

%% A handle that is none is told of first.
badarg(Handle, Cause) ->
    case py_handle:is_handle(Handle) orelse py_transaction:is_open(Handle) of
        true -> {badarg, Cause};
        false -> py_transaction:not_a_dict(Handle)
    end.

%% @doc The values of those keys that are there, under the keys as they were given.
-spec get_many(term(), term(), term()) -> result({value, #{term() => term()}}).
get_many(Handle, Keys, Options) ->
    case {sent_keys(Keys), py_convert:of_read(Options)} of
        {bad_keys, _} -> badarg(Handle, {?KEY, keys});
        {_, error} -> badarg(Handle, {3, read_options});
        {Sent, {ok, Flags}} -> found(Keys, on_dict(Handle, get_many, [Sent | asked(Flags)]))
    end.

found(Keys, {value, Values}) -> {value, maps:from_list(there(Keys, Values))};
found(_, Failure) -> Failure.

there([Key | Keys], [{Value} | Values]) -> [{Key, Value} | there(Keys, Values)];
there([_ | Keys], [{} | Values]) -> there(Keys, Values);
there([], []) -> [].

%% @doc From a map or a list of pairs, of which the last of equal keys counts.
-spec set_many(term(), term()) -> result(ok).
set_many(Handle, Pairs) when is_map(Pairs) -> set_many(Handle, maps:to_list(Pairs));
set_many(Handle, Pairs) ->
    case sent_pairs(Pairs) of
        bad_pairs -> badarg(Handle, {?KEY, pairs});
        Sent -> on_dict(Handle, set_many, [Sent])
    end.

-spec del_many(term(), term()) -> result(ok).
del_many(Handle, Keys) ->
    case sent_keys(Keys) of
        bad_keys -> badarg(Handle, {?KEY, keys});
        Sent -> on_dict(Handle, del_many, [Sent])
    end.

%% @doc All keys with their values, in order.
-spec items(term(), term()) -> result({value, [{binary() | integer(), term()}]}).
items(Handle, Options) ->
    case py_convert:of_read(Options) of
        {ok, Flags} -> on_dict(Handle, items, asked(Flags));
        error -> badarg(Handle, {2, read_options})
    end.

sent_keys(Keys) ->
    Sent = py_names:is_list_of(fun(Key) -> sent_key(Key) =/= bad_key end, Keys) andalso [sent_key(Key) || Key <- Keys],
    case Sent of
        false -> bad_keys;
        _ -> Sent
    end.

sent_pairs(Pairs) ->
    case py_names:is_list_of(fun is_pair/1, Pairs) of
        true -> [{sent_key(Key), Value} || {Key, Value} <- Pairs];
        false -> bad_pairs
    end.

is_pair({Key, _}) -> sent_key(Key) =/= bad_key;
is_pair(_) -> false.

on_dict(Handle, Op, Args) ->
    case py_handle:route(Handle) of
        {local, Bits} -> local(Op, Bits, Args);
        {remote, Node} -> remote(Node, Op, Handle, Args);
        not_a_handle -> py_transaction:serve(Handle, Op, Args)
    end.

%%% On this node

local(get, Bits, [Key | Flags]) ->
    outcome(with_table(fun(Context) -> py_parts:get(Context, flags(Flags), Bits, Key) end), Bits);
local(set, Bits, [Key, Value]) -> local(set, Bits, [Key, Value, dict]);
local(set, Bits, [Key, Value, Life]) ->
    py_depth:explain(outcome(with_table(fun(Context) -> py_parts:set(Context, Bits, Key, Value, Life) end), Bits), [Value]);
local(del, Bits, [Key]) -> request(?OP_DEL, Bits, py_protocol:get(Bits, Key));
local(is_key, Bits, [Key]) -> request(?OP_IS_KEY, Bits, py_protocol:get(Bits, Key));
local(take, Bits, [Key]) -> request(?OP_TAKE, Bits, py_protocol:get(Bits, Key));
local(del_if, Bits, [Key, Stamp]) -> request(?OP_DEL_IF, Bits, py_protocol:encode({Bits, Key, Stamp}));
local(get_stamped, Bits, [Key | Flags]) ->
    outcome(with_table(fun(Context) -> py_parts:get(Context, stamped(Flags), Bits, Key) end), Bits);
local(get_many_stamped, Bits, [Keys | Flags]) ->
    request(?OP_GET_MANY, stamped(Flags), Bits, py_protocol:encode({Bits, Keys}));
local(keys_stamped, Bits, []) -> request(?OP_KEYS, ?FLAG_STAMPED, Bits, py_protocol:encode(Bits));
local(items_stamped, Bits, Flags) -> request(?OP_ITEMS, stamped(Flags), Bits, py_protocol:encode(Bits));
local(transact, Bits, [Read, All, Changes]) ->
    py_depth:explain_pairs(request(?OP_TRANSACT, Bits, py_protocol:encode({Bits, Read, All, Changes})),
                           [Pair || {_, _} = Pair <- Changes]);
local(put_if, Bits, [Key, Value, Stamp]) -> local(put_if, Bits, [Key, Value, Stamp, dict]);
local(put_if, Bits, [Key, Value, Stamp, Life]) ->
    Put = with_table(fun(Context) -> py_parts:set_if(Context, Bits, Key, Value, Stamp, Life) end),
    py_depth:explain(outcome(Put, Bits), [Value]);
local(number, Bits, [Key, Operation, Operand, Expected]) ->
    request(?OP_NUMBER, Bits, py_protocol:encode({Bits, Key, Operation, Operand, Expected}));
local(clear, Bits, []) -> request(?OP_CLEAR, Bits, py_protocol:encode(Bits));
local(get_many, Bits, [Keys | Flags]) -> request(?OP_GET_MANY, flags(Flags), Bits, py_protocol:encode({Bits, Keys}));
local(set_many, Bits, [Pairs]) ->
    py_depth:explain_pairs(request(?OP_SET_MANY, Bits, py_protocol:encode({Bits, Pairs})), Pairs);
local(del_many, Bits, [Keys]) -> request(?OP_DEL_MANY, Bits, py_protocol:encode({Bits, Keys}));
local(items, Bits, Flags) -> request(?OP_ITEMS, flags(Flags), Bits, py_protocol:encode(Bits));
local(keys, Bits, []) -> request(?OP_KEYS, Bits, py_protocol:encode(Bits));
local(info, Bits, []) -> described(request(?OP_STAT, Bits, py_protocol:encode(Bits)));
local(name, Bits, []) ->
    case local(info, Bits, []) of
        {value, _} -> {value, py_file_names:dict(py_shared:file(), Bits, node())};
        Failure -> Failure
    end;
local(destroy, Bits, []) ->
    case request(?OP_DESTROY, Bits, py_protocol:encode([Bits])) of
        ok -> py_owner:forget([Bits]);
        Failure -> Failure
    end.

%% (The node knows the atoms that the port program says since they stand here.)
described({value, #{owner := Owner} = Info}) ->
    Known = [keys, bytes, pinned, created, last_use, ttl, idle, max_value_bytes, name],
    {value, (maps:with(Known, Info))#{owner => owner(Owner)}};
described(Failure) -> Failure.

owner(process) -> process;
owner(os_process) -> os_process;
owner(node) -> node;
owner(dict) -> dict.

flags([]) -> 0;
flags([Flags]) -> Flags band ?FLAGS_CONVERT.

stamped(Flags) -> flags(Flags) bor ?FLAG_STAMPED.

request(Op, Bits, Body) -> request(Op, 0, Bits, Body).

request(Op, Flags, Bits, Body) ->
    outcome(with_table(fun(Context) -> py_request:call(bounds(Op, Context), Op, Flags, Body, infinity) end), Bits).

%% @doc The figures of the whole table.
-spec table_info() -> result({value, map()}).
table_info() -> request(?OP_INFO, <<>>, []).

%% @doc A request that names no dict; `none' for one without a body.
-spec of_table(py_protocol:op(), term()) -> result(ok | missing | {value, term()}).
of_table(Op, none) -> request(Op, <<>>, []);
of_table(Op, Body) -> request(Op, <<>>, py_protocol:encode(Body)).

%% What was not sent may wait for the table's next port, which is there in milliseconds; what was sent may not,
%% since nobody knows whether it was done.
with_table(Request) ->
    case attempt(Request) of
        {down, Why} when Why =/= not_started, Why =/= shutdown ->
            again({down, Why}, Request, erlang:monotonic_time(millisecond) + ?RESTART);
        Done -> Done
    end.

attempt(Request) ->
    case py_context:find() of
        {ok, Context} -> Request(Context);
        Down -> Down
    end.

again({down, _} = Down, Request, Deadline) ->
    Left = Deadline - erlang:monotonic_time(millisecond),
    case Left > 0 andalso py_keeper:await_up(?TABLE, Left) of
        up ->
            ok = timer:sleep(?PAUSE),
            again(attempt(Request), Request, Deadline);
        _ -> Down
    end;
again(Done, _, _) -> Done.

%% Whoever clears away, or asks why, is not to be turned back because there is too much.
bounds(Op, Context) when Op =:= ?OP_DESTROY; Op =:= ?OP_INFO -> py_request:unbounded(Context);
bounds(_, Context) -> Context.

outcome({value, _} = Value, _) -> Value;   % it came in parts
outcome({?REPLY_OK, _}, _) -> ok;
outcome({?REPLY_MISSING, _}, _) -> missing;
outcome({?REPLY_GONE, _}, Bits) -> {badarg, {?HANDLE, why_gone(Bits)}};
outcome({?REPLY_VALUE, Body}, _) ->
    case py_protocol:value(Body) of
        {ok, Value} -> {value, Value};
        Error -> Error
    end;
outcome({?REPLY_ERROR, Body}, _) ->
    case py_protocol:failure(Body) of
        {badarg, bad_key} -> {badarg, {?KEY, key}};
        Failure -> Failure
    end;
outcome({down, _} = Down, _) -> Down;
outcome({died, Why}, _) -> {down, Why};
outcome({error, _} = Error, _) -> Error.

%% A row that is left from another incarnation: the dict went with the file that it was in.
why_gone(Bits) ->
    case {py_tables:dict_incarnation(Bits), py_context:incarnation()} of
        {{ok, Made}, {ok, Now}} when Made =/= Now -> lost;
        _ -> destroyed
    end.

%%% On other nodes, by OTP's own distribution

remote(Node, Op, Handle, Args) -> on_node(Node, ?MODULE, serve, [Op, Handle, Args]).

%% @doc Applies a function of pyport there, in a process of its own.
-spec on_node(node(), module(), atom(), [term()]) -> result(term()).
on_node(Node, Module, Function, Args) ->
    try erpc:call(Node, Module, Function, Args, infinity)
    catch
        error:{erpc, noconnection} -> {nodedown, Node};
        error:{erpc, Why} -> {down, {Node, Why}};
        error:{exception, undef, _} -> {down, {Node, not_started}};   % pyport is not there
        exit:{exception, Why} -> {down, {Node, Why}};
        exit:{signal, Why} -> {down, {Node, Why}}
    end.

%% @doc Called by other nodes. A handle that is not of this node is not carried any further.
-spec serve(atom(), py_handle:handle(), [term()]) -> result(term()).
serve(Op, Handle, Args) ->
    case py_handle:route(Handle) of
        {local, Bits} -> local(Op, Bits, Args);
        _ -> {badarg, {?HANDLE, destroyed}}
    end.
