%% @private Ties dicts and namespaces to the Erlang processes that own them.
%%
%% This process itself sends NEW, NS_NEW, DESTROY and NS_DROP, so they reach the port program in the order
%% in which they were decided:
%%
%% ```
%%   new: monitor the owner -> row in the table -> NEW -> handle to the caller
%% '''
%%
%% A caller that is killed anywhere on that way leaves a monitor, whose DOWN sends the DESTROY behind the NEW.
%% If this process is killed, its successor finds the rows, monitors their owners anew, and gets a DOWN at once
%% for those that died meanwhile. A row is written before its frame is sent: what the port program has, has a row.
%%
%% Owners may live on other nodes; the loss of a node is the death of its processes.
-module(py_owner).

-behaviour(gen_server).

-include_lib("kernel/include/logger.hrl").
-include("py_context.hrl").
-include("py_protocol.hrl").

-export([start_link/0, new_dict/2, namespace/1, renew_namespace/2, forget/1, destroyed/1, count/0]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2]).

-define(BULK, 1000).        % handles or namespaces in one frame
-define(DRAIN, 10000).      % owners whose death is handled at once

-type ns() :: pos_integer().
-type state() :: py_owners:owners().

-spec start_link() -> {ok, pid()} | {error, term()} | ignore.
start_link() ->
    gen_server:start_link({local, ?MODULE}, ?MODULE, [], [{spawn_opt, [{message_queue_data, off_heap}]}]).

%% @doc Makes a dict that the calling process owns. The reply of the port program goes to the request
%% `Id', which the caller has prepared in `Context'.
-spec new_dict(py_context:context(), py_protocol:id()) -> {ok, py_handle:bits()} | {down, term()}.
new_dict(Context, Id) -> call({new_dict, Context, Id}).

%% @doc The namespace of the calling process in the port program of `Context'.
-spec namespace(py_context:context()) -> {ok, ns()} | {down, term()}.
namespace(#context{incarnation = Incarnation} = Context) ->
    case py_tables:namespace(self()) of
        {Ns, Incarnation} -> {ok, Ns};
        _ -> call({namespace, Context})
    end.

%% @doc Another namespace, after the port program said that it does not know this one.
-spec renew_namespace(py_context:context(), ns()) -> {ok, ns()} | {down, term()}.
renew_namespace(Context, Ns) -> call({renew_namespace, Context, Ns}).

%% @doc Forgets dicts that were destroyed by a caller.
-spec forget([py_handle:bits()]) -> ok.
forget(Handles) -> gen_server:cast(?MODULE, {forget, Handles}).

%% @doc The body of a DESTROYED event.
-spec destroyed(binary()) -> ok.
destroyed(Body) -> gen_server:cast(?MODULE, {destroyed, Body}).

%% @doc How many processes own something, and how many dicts are owned.
-spec count() -> #{owners := non_neg_integer(), dicts := non_neg_integer()} | {down, term()}.
count() -> call(count).

call(Request) ->
    try gen_server:call(?MODULE, Request, infinity)
    catch
        exit:{Why, {gen_server, call, _}} -> {down, {owner_down, Why}}
    end.

%%% Server

-spec init([]) -> {ok, state()}.
init([]) ->
    Dicts = lists:foldl(fun({Bits, Pid, Incarnation}, Owners) ->
                                py_owners:add_dict(Pid, Bits, Incarnation, watch(Pid, Owners))
                        end, py_owners:new(), py_tables:dicts()),
    Namespaces = py_tables:namespaces(),
    %% The last one may not have been told to the port program any more; known ones are ignored there.
    ok = send_all(?OP_NS_NEW, [{Ns, Incarnation} || {_, Ns, Incarnation} <- Namespaces]),
    {ok, lists:foldl(fun({Pid, Ns, Incarnation}, Owners) ->
                             py_owners:add_namespace(Pid, Ns, Incarnation, watch(Pid, Owners))
                     end, Dicts, Namespaces)}.

watch(Pid, Owners) ->
    case py_owners:is_owner(Pid, Owners) of
        true -> Owners;
        false -> py_owners:add_owner(Pid, erlang:monitor(process, Pid), Owners)
    end.

-spec handle_call(term(), gen_server:from(), state()) -> {reply, term(), state()}.
handle_call({new_dict, Context, Id}, {Pid, _}, Owners) ->
    make_dict(Context, Id, Pid, Owners);
handle_call({namespace, #context{incarnation = Incarnation} = Context}, {Pid, _}, Owners) ->
    case py_tables:namespace(Pid) of
        {Ns, Incarnation} -> {reply, {ok, Ns}, Owners};
        _ -> make_namespace(Context, Pid, Owners)
    end;
handle_call({renew_namespace, Context, Ns}, {Pid, _}, Owners) ->
    case py_tables:namespace(Pid) of
        {Other, Incarnation} when Other =/= Ns, Incarnation =:= Context#context.incarnation ->
            {reply, {ok, Other}, Owners};
        _ -> make_namespace(Context, Pid, Owners)
    end;
handle_call(count, _From, Owners) ->
    {reply, py_owners:count(Owners), Owners};
handle_call(_Request, _From, Owners) ->
    {reply, {error, unknown_request}, Owners}.

make_dict(#context{incarnation = Incarnation} = Context, Id, Pid, Owners) ->
    Bits = py_handle:new(),
    Owned = py_owners:add_dict(Pid, Bits, Incarnation, watch(Pid, Owners)),
    ok = py_tables:put_dict(Bits, Pid, Incarnation),
    case py_request:send_prepared(Context, ?OP_NEW, Id, py_protocol:encode(Bits)) of
        ok -> {reply, {ok, Bits}, Owned};
        Down -> {reply, Down, forget_dict(Bits, Owned)}
    end.

make_namespace(#context{incarnation = Incarnation} = Context, Pid, Owners) ->
    Ns = erlang:unique_integer([positive, monotonic]),
    Owned = py_owners:add_namespace(Pid, Ns, Incarnation, watch(Pid, Owners)),
    ok = py_tables:put_namespace(Pid, Ns, Incarnation),
    Reply = case py_request:post(Context, ?OP_NS_NEW, ?FLAG_NO_REPLY, py_protocol:encode([Ns])) of
                ok -> {ok, Ns};
                Down -> Down
            end,
    {reply, Reply, Owned}.

-spec handle_cast(term(), state()) -> {noreply, state()}.
handle_cast({forget, Handles}, Owners) ->
    {noreply, lists:foldl(fun forget_dict/2, Owners, Handles)};
handle_cast({destroyed, Body}, Owners) ->
    {noreply, lists:foldl(fun forget_dict/2, Owners, py_protocol:destroyed(Body))};
handle_cast(_Request, Owners) ->
    {noreply, Owners}.

forget_dict(Bits, Owners) ->
    ok = py_tables:delete_dict(Bits),
    case py_owners:remove_dict(Bits, Owners) of
        {keep, Rest} -> Rest;
        {{demonitor, Monitor}, Rest} ->
            true = erlang:demonitor(Monitor, [flush]),
            Rest
    end.

-spec handle_info(term(), state()) -> {noreply, state()}.
handle_info({'DOWN', _, process, Pid, _}, Owners) ->
    {noreply, bury([Pid | drain(?DRAIN)], Owners)};
handle_info(_Message, Owners) ->
    ?LOG_WARNING("py_owner got a message that it does not know", #{domain => [pyport]}),
    {noreply, Owners}.

%% Owners that die together are buried together.
drain(0) -> [];
drain(More) ->
    receive
        {'DOWN', _, process, Pid, _} -> [Pid | drain(More - 1)]
    after 0 -> []
    end.

bury(Pids, Owners) ->
    {Things, Rest} = lists:mapfoldl(fun py_owners:remove_owner/2, Owners, Pids),
    Dicts = [Dict || #{dicts := Dicts} <- Things, Dict <- Dicts],
    Namespaces = [Ns || #{namespaces := Namespaces} <- Things, Ns <- Namespaces],
    ok = send_all(?OP_DESTROY, Dicts),
    ok = send_all(?OP_NS_DROP, Namespaces),
    ok = lists:foreach(fun({Bits, _}) -> py_tables:delete_dict(Bits) end, Dicts),
    ok = lists:foreach(fun py_tables:delete_namespace/1, Pids),
    Rest.

%% What belongs to a port program that died went with it.
send_all(Op, Things) ->
    case py_context:find() of
        {ok, #context{incarnation = Now} = Context} ->
            bulks(Context, Op, [Thing || {Thing, Incarnation} <- Things, Incarnation =:= Now]);
        {down, _} -> ok
    end.

bulks(_Context, _Op, []) -> ok;
bulks(Context, Op, Things) ->
    {Bulk, Rest} = lists:split(min(?BULK, length(Things)), Things),
    _ = py_request:post(Context, Op, ?FLAG_NO_REPLY, py_protocol:encode(Bulk)),
    bulks(Context, Op, Rest).
