%% @private Who watches which dict: ties subscriptions to the processes that made them, and sends those the changes.
%%
%% The table's port program tells the changes of each dict that somebody on this node, or on another, watches (event
%% CHANGES), and tells no more of a dict before it was seen here. So nothing piles up: not on the way, since that is
%% one event a dict, and not at a subscriber, which gets the message `overflow' in place of what it is too slow for:
%%
%% ```
%%   queue of the subscriber has reached max_queue -> overflow, once; then nothing
%%   it is half empty again                        -> overflow, if there were changes meanwhile; then changes again
%% '''
%%
%% The subscriptions stand in a table of the supervisor (py_tables). When the port program has died, or this process, all are
%% begun anew, and each subscriber is told that it may have missed something.
-module(py_watch).

-behaviour(gen_server).

-include_lib("kernel/include/logger.hrl").
-include("py_protocol.hrl").

-export([start_link/1, subscribe/3, subscribe_tagged/3, unsubscribe/1, changes/1, table_is_up/0]).
-export([init/1, handle_continue/2, handle_call/3, handle_cast/2, handle_info/2]).

-export_type([subscription/0, what/0, change/0]).

-define(MAX_QUEUE, 1000).
-define(LOOK, 100).   % milliseconds between two looks at a full queue

-opaque subscription() :: {'$pyport_watch', node(), reference()}.
-type what() :: all | {key, py_protocol:key()} | {prefix, binary()}.
-type change() :: {put, py_protocol:key(), py_protocol:stamp()} | {delete, py_protocol:key()} | {expired, py_protocol:key()}
                | {clear} | overflow | destroyed.
-type target() :: {plain, pid()} | {tagged, pid(), Alias :: reference()}.
-type sub() :: #{id := reference(), to := target(), handle := py_handle:handle(), bits := py_handle:bits(), what := what(),
                 max := pos_integer() | infinity, full := no | full | missed}.

-record(state, {subs = #{} :: #{reference() => sub()},
                dicts = #{} :: #{py_handle:bits() => [reference()]},
                monitors = #{} :: #{reference() => reference()}}).   % of the subscriber => id

-spec start_link(pyport_config:config()) -> {ok, pid()} | {error, term()} | ignore.
start_link(_Config) ->
    gen_server:start_link({local, ?MODULE}, ?MODULE, [], [{spawn_opt, [{message_queue_data, off_heap}]}]).

%% @doc The calling process gets `{shared_dict, Handle, change()}' from now on.
-spec subscribe(term(), term(), term()) -> py_dict:result({ok, subscription()}).
subscribe(Handle, What, Options) -> subscribe(Handle, {plain, self()}, What, Options).

%% @doc The same with messages `{Alias, change()}', which are sent to that alias of the calling process.
-spec subscribe_tagged(term(), term(), reference()) -> py_dict:result({ok, subscription()}).
subscribe_tagged(Handle, What, Alias) -> subscribe(Handle, {tagged, self(), Alias}, What, #{}).

subscribe(Handle, To, What, Options) ->
    case {py_handle:is_handle(Handle), sent_what(What), max_queue(Options)} of
        {false, _, _} -> {badarg, {1, not_a_handle}};
        {true, {ok, Sent}, {ok, Max}} -> ask(node_of(Handle), {subscribe, To, Handle, Sent, Max});
        {true, {bad, Cause}, _} -> {badarg, Cause};
        {true, _, error} -> {badarg, {3, watch_options}}
    end.

sent_what(all) -> {ok, all};
sent_what({prefix, Prefix}) when is_binary(Prefix) -> {ok, {prefix, Prefix}};
sent_what({key, Key}) ->
    case py_dict:sent_key(Key) of
        bad_key -> {bad, {2, key}};
        Sent -> {ok, {key, Sent}}
    end;
sent_what(_) -> {bad, {2, watched}}.

max_queue(Options) when Options =:= #{} -> {ok, ?MAX_QUEUE};
max_queue(#{max_queue := Max} = Options) when map_size(Options) =:= 1, is_integer(Max), Max > 0 -> {ok, Max};
max_queue(#{max_queue := infinity} = Options) when map_size(Options) =:= 1 -> {ok, infinity};
max_queue(_) -> error.

%% @doc Once it returns, nothing more is sent. An unknown one is ignored.
-spec unsubscribe(term()) -> py_dict:result(ok).
unsubscribe({'$pyport_watch', Node, Id}) when is_atom(Node), is_reference(Id) ->
    ask(home(Node), {unsubscribe, Id});
unsubscribe(_) -> {badarg, {1, subscription}}.

%% A node without a name may have got one.
home(nonode@nohost) -> node();
home(Node) -> Node.

%% @doc The body of a CHANGES event.
-spec changes(binary()) -> ok.
changes(Body) -> gen_server:cast(?MODULE, {changes, Body}).

%% @doc A port of the table is up.
-spec table_is_up() -> ok.
table_is_up() -> gen_server:cast(?MODULE, table_is_up).

node_of(Handle) ->
    case py_handle:route(Handle) of
        {local, _} -> node();
        {remote, Node} -> Node
    end.

ask(Node, Request) ->
    try gen_server:call({?MODULE, Node}, Request, infinity)
    catch
        exit:{{nodedown, Node}, _} -> {nodedown, Node};
        exit:{noproc, _} when Node =:= node() -> {down, not_started};
        exit:{noproc, _} -> {down, {Node, not_started}};
        exit:{Why, _} -> {down, {Node, Why}}
    end.

%%% Server

-spec init([]) -> {ok, #state{}, {continue, begin_anew}}.
init([]) ->
    State = lists:foldl(fun(Sub, Acc) -> added(Sub#{full := no}, Acc) end, #state{}, py_tables:watches()),
    {ok, State, {continue, begin_anew}}.

-spec handle_continue(begin_anew, #state{}) -> {noreply, #state{}}.
handle_continue(begin_anew, State) -> {noreply, begin_anew(State)}.

-spec handle_call(term(), gen_server:from(), #state{}) -> {reply, term(), #state{}}.
handle_call({subscribe, To, Handle, What, Max}, _From, #state{dicts = Dicts} = State) ->
    {local, Bits} = py_handle:route(Handle),
    case maps:is_key(Bits, Dicts) orelse py_dict:subscribe(Bits) of
        Good when Good =:= true; Good =:= ok ->
            Id = make_ref(),
            Sub = #{id => Id, to => To, handle => Handle, bits => Bits, what => What, max => Max, full => no},
            ok = py_tables:put_watch(Id, Sub),
            {reply, {ok, {'$pyport_watch', node(), Id}}, added(Sub, State)};
        Failure -> {reply, Failure, State}
    end;
handle_call({unsubscribe, Id}, _From, State) ->
    {reply, ok, removed(Id, State)};
handle_call(_Request, _From, State) ->
    {reply, {error, unknown_request}, State}.

-spec handle_cast(term(), #state{}) -> {noreply, #state{}}.
handle_cast({changes, Body}, State) ->
    {Bits, Changes} = py_protocol:changes(Body),
    Told = told(Bits, Changes, State),
    ok = seen(Bits, Told),
    {noreply, Told};
handle_cast(table_is_up, State) -> {noreply, begin_anew(State)};
handle_cast(_Request, State) -> {noreply, State}.

-spec handle_info(term(), #state{}) -> {noreply, #state{}}.
handle_info({'DOWN', Monitor, process, _, _}, #state{monitors = Monitors} = State) ->
    case Monitors of
        #{Monitor := Id} -> {noreply, removed(Id, State)};
        _ -> {noreply, State}
    end;
handle_info({look, Id}, State) -> {noreply, look(Id, State)};
handle_info(_Message, State) ->
    ?LOG_WARNING("py_watch got a message that it does not know", #{domain => [pyport]}),
    {noreply, State}.

added(#{id := Id, bits := Bits, to := To} = Sub, #state{subs = Subs, dicts = Dicts, monitors = Monitors} = State) ->
    Monitor = erlang:monitor(process, element(2, To)),
    State#state{subs = Subs#{Id => Sub}, monitors = Monitors#{Monitor => Id},
                dicts = maps:update_with(Bits, fun(Ids) -> [Id | Ids] end, [Id], Dicts)}.

removed(Id, #state{subs = Subs, dicts = Dicts, monitors = Monitors} = State) ->
    case maps:take(Id, Subs) of
        {#{bits := Bits}, Others} ->
            ok = py_tables:delete_watch(Id),
            _ = [erlang:demonitor(Monitor, [flush]) || {Monitor, Of} <- maps:to_list(Monitors), Of =:= Id],
            State#state{subs = Others, monitors = maps:filter(fun(_, Of) -> Of =/= Id end, Monitors),
                        dicts = without(Bits, lists:delete(Id, maps:get(Bits, Dicts)), Dicts)};
        error -> State
    end.

without(Bits, [], Dicts) ->
    ok = post(?OP_UNSUBSCRIBE, Bits),
    maps:remove(Bits, Dicts);
without(Bits, Ids, Dicts) -> Dicts#{Bits := Ids}.

%% Nobody waits for the answer; a port that died knows no subscriptions.
post(Op, Bits) ->
    case py_context:find() of
        {ok, Context} ->
            _ = py_request:post(Context, Op, ?FLAG_NO_REPLY, py_protocol:encode(Bits)),
            ok;
        {down, _} -> ok
    end.

seen(Bits, #state{dicts = Dicts}) when is_map_key(Bits, Dicts) -> post(?OP_CHANGES_SEEN, Bits);
seen(_, _) -> ok.

begin_anew(#state{dicts = Dicts} = State) -> lists:foldl(fun begin_anew/2, State, maps:keys(Dicts)).

begin_anew(Bits, State) ->
    case py_dict:subscribe(Bits) of
        ok -> told(Bits, [overflow], State);
        {badarg, _} -> told(Bits, [destroyed], State);
        {error, {corrupt, _}} -> told(Bits, [destroyed], State);
        _ -> State   % the next port that is up begins anew
    end.

%%% Telling

told(Bits, Changes, #state{dicts = Dicts, subs = Subs} = State) ->
    Ids = maps:get(Bits, Dicts, []),
    Told = lists:foldl(fun(Id, Acc) -> Acc#{Id := tell(maps:get(Id, Acc), Changes)} end, Subs, Ids),
    case lists:member(destroyed, Changes) of
        true -> lists:foldl(fun removed/2, State#state{subs = Told}, Ids);
        false -> State#state{subs = Told}
    end.

tell(#{what := What} = Sub, Changes) ->
    case [shown(Change) || Change <- Changes, is_wanted(What, Change)] of
        [] -> Sub;
        Wanted -> deliver(Wanted, Sub)
    end.

is_wanted({key, Key}, {_, Changed, _}) -> Changed =:= Key;
is_wanted({prefix, Prefix}, {_, Changed, _}) ->
    is_binary(Changed) andalso binary:longest_common_prefix([Prefix, Changed]) =:= byte_size(Prefix);
is_wanted(_, _) -> true.

shown({put, _, _} = Put) -> Put;
shown({What, Key, _}) -> {What, Key};
shown(clear) -> {clear};
shown(What) -> What.

%% The last message of all is sent in any case.
deliver([destroyed], Sub) -> sent(destroyed, Sub);
deliver(_, #{full := Full} = Sub) when Full =/= no -> Sub#{full := missed};
deliver(Changes, Sub) -> deliver(Changes, room(Sub), Sub).

deliver([], _, Sub) -> Sub;
deliver([destroyed], _, Sub) -> sent(destroyed, Sub);
deliver(_, Room, #{id := Id} = Sub) when Room =< 0 ->
    _ = erlang:send_after(?LOOK, self(), {look, Id}),
    sent(overflow, Sub#{full := full});
deliver([Change | Changes], Room, Sub) -> deliver(Changes, Room - 1, sent(Change, Sub)).

%% How many more messages the subscriber may get now. Of processes on other nodes it is not known; those are sent to only as
%% long as that does not make this process wait.
room(#{max := infinity}) -> 1 bsl 60;
room(#{max := Max, to := To}) -> Max - queue(element(2, To)).

queue(Pid) when node(Pid) =:= node() ->
    case process_info(Pid, message_queue_len) of
        {message_queue_len, Length} -> Length;
        undefined -> 0
    end;
queue(_) -> 0.

sent(Change, #{to := To, handle := Handle, id := Id} = Sub) ->
    case send(To, Handle, Change) of
        ok -> Sub;
        _ ->
            _ = erlang:send_after(?LOOK, self(), {look, Id}),
            Sub#{full := missed}
    end.

send({plain, Pid}, Handle, Change) -> erlang:send(Pid, {shared_dict, Handle, Change}, [nosuspend]);
send({tagged, _, Alias}, _, Change) -> erlang:send(Alias, {Alias, Change}, [nosuspend]).

look(Id, #state{subs = Subs} = State) ->
    case Subs of
        #{Id := #{full := Full} = Sub} when Full =/= no -> State#state{subs = Subs#{Id := look_at(Sub)}};
        _ -> State
    end.

look_at(#{id := Id, max := Max} = Sub) ->
    case {room(Sub), Sub} of
        {Room, _} when is_integer(Max), Room =< Max div 2 ->
            _ = erlang:send_after(?LOOK, self(), {look, Id}),
            Sub;
        {_, #{full := missed}} -> sent(overflow, Sub#{full := no});
        {_, _} -> Sub#{full := no}
    end.
