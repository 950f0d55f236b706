%% @private Owns one port and its port program: starts it, routes its replies, notices its death. The table's and
%% each of those of the pools has a py_port; py_port_spec says what is different.
%%
%% A reply goes to its caller by the id in the frame's header and is not decoded here; see py_request for the
%% way of a request. Death is whichever comes first: the exit status, the port's own exit, the event STUCK, or a
%% heartbeat without any sign of life; in the latter two the program is killed. Then each waiting caller is
%% answered, and this process ends; its keeper starts another.
%%
%% ```
%%   starting --(HELLO is answered: published)--> up --(drain)--> draining --(nothing runs any more)--> end
%% '''
%%
%% The frames that pass hold users' values, so no state, message or frame of this process is ever logged.
-module(py_port).

-behaviour(gen_server).

-include_lib("kernel/include/logger.hrl").
-include("py_context.hrl").
-include("py_protocol.hrl").

-export([start_link/2, drain/1, stop/2, kill/1, expire/4]).
-export([init/1, handle_continue/2, handle_call/3, handle_cast/2, handle_info/2, terminate/2, format_status/1]).

-record(state, {spec :: py_port_spec:spec(),
                keeper :: pid(),
                status = starting :: starting | up | draining,
                port :: port() | undefined,
                pending :: ets:tid(),
                ids :: atomics:atomics_ref(),
                context = none :: none | py_context:context(),
                process = gone :: py_os:identity() | gone,
                stderr = none :: none | py_stderr:stderr(),
                patience :: pos_integer(),         % heartbeats without a sign of life before it is killed
                silent = 0 :: non_neg_integer(),   % heartbeats since the last one
                served = false :: boolean(),       % a request was answered
                recycle :: py_recycle:recycle(),
                down = false :: boolean()}).       % all that waited are answered

-define(HELLO_ID, 1).
-define(DRAIN_POLL, 50).       % milliseconds between two looks whether something still runs
-define(EXPIRED_GRACE, 230).   % see py_request

%% @doc Starts the program in the background. The keeper is sent `{up, Pid}', or finds this process ended.
-spec start_link(py_port_spec:spec(), Keeper :: pid()) -> {ok, pid()} | {error, term()} | ignore.
start_link(#{role := table} = Spec, Keeper) ->
    gen_server:start_link({local, py_table}, ?MODULE, {Spec, Keeper}, options());
start_link(Spec, Keeper) ->
    gen_server:start_link(?MODULE, {Spec, Keeper}, options()).

options() -> [{spawn_opt, [{fullsweep_after, 20}]}].

%% @doc No more calls; it ends when none runs any more.
-spec drain(pid()) -> ok.
drain(Server) -> gen_server:cast(Server, drain).

%% @doc Ends it in an orderly way, at once; those who wait are told `Why'.
-spec stop(pid(), Why :: py_death:cause()) -> ok.
stop(Server, Why) -> gen_server:cast(Server, {stop, Why}).

%% @doc Kills the program, since the request of the calling process was told to stop and never answered.
-spec kill(pid()) -> ok.
kill(Server) -> gen_server:cast(Server, {kill, self()}).

%% @doc Ends a request when its time is over, also when nobody waits for it then. The timer may be cancelled.
-spec expire(pid(), py_protocol:id(), reference(), non_neg_integer()) -> Timer :: reference().
expire(Server, Id, Ref, Millis) -> erlang:send_after(Millis, Server, {expire, Id, Ref}).

%%% Start

-spec init({py_port_spec:spec(), pid()}) -> {ok, #state{}, {continue, start}}.
init({#{config := Config} = Spec, Keeper}) ->
    process_flag(trap_exit, true),
    process_flag(sensitive, true),
    #{heartbeat_interval := Interval, heartbeat_timeout := Timeout} = Config,
    {Pending, Ids} = py_pending:new(),
    {ok, #state{spec = Spec, keeper = Keeper, pending = Pending, ids = Ids, patience = max(1, Timeout div Interval),
                recycle = py_recycle:new(maps:get(options, Spec, #{}))},
     {continue, start}}.

-spec handle_continue(start, #state{}) -> {noreply, #state{}} | {stop, term(), #state{}}.
handle_continue(start, #state{spec = #{pool := Pool, config := #{program := Program}} = Spec} = State) ->
    ok = py_program:end_orphans(Pool),
    case pyport_config:check_program(Program) of
        ok -> opened(open_stderr(Spec), State);
        {error, Why} -> refused(Why, State)
    end.

open_stderr(#{role := table}) -> {ok, none};
open_stderr(_) -> py_stderr:create(py_file_names:stderr(py_shared:file(), erlang:unique_integer([positive]))).

opened({ok, Stderr}, #state{spec = #{config := #{start_timeout := Timeout}} = Spec} = State) ->
    Open = identified(State#state{port = py_program:open(Spec), stderr = Stderr}),
    _ = erlang:send_after(Timeout, self(), start_timeout),
    case hello(Open) of
        ok -> {noreply, Open};
        {error, Why} -> refused(Why, Open)
    end;
opened({error, Why}, State) ->
    refused({bad_config, iolist_to_binary(["stderr: ", file:format_error(Why)])}, State).

identified(#state{port = Port, spec = #{pool := Pool}} = State) ->
    State#state{process = py_program:identify(Port, Pool)}.

hello(#state{port = Port, spec = Spec, stderr = Stderr}) ->
    Hello = py_port_spec:hello(Spec, #{table => py_shared:file(), node => node(), node_pid => py_shared:node_pid(),
                                       stderr => stderr_path(Stderr), log_credit => py_log:credit()}),
    Frame = [py_protocol:header(?OP_HELLO, 0, ?HELLO_ID), py_protocol:hello(Hello)],
    try erlang:port_command(Port, Frame) of
        true -> ok
    catch
        error:badarg -> {error, {port_down, closed}}
    end.

stderr_path(none) -> <<>>;
stderr_path(Stderr) -> py_stderr:path(Stderr).

refused(Why, State) ->
    Read = forward(State),
    {stop, {shutdown, {refused, Why, tail(Read)}}, Read}.

%% What comes before HELLO is answered: its answer, or why there is none.
starting({Port, {data, <<?PROTOCOL_VERSION, ?REPLY_VALUE, _:16, ?HELLO_ID:32, Body/binary>>}},
         #state{port = Port} = State) ->
    accept(py_protocol:term(Body), State);
starting({Port, {data, <<?PROTOCOL_VERSION, ?REPLY_ERROR, _:16, ?HELLO_ID:32, Body/binary>>}},
         #state{port = Port} = State) ->
    {error, Why} = py_protocol:failure(Body),
    refused(Why, State);
starting({Port, {data, <<?PROTOCOL_VERSION, Op, _:16, 0:32, Body/binary>>}}, #state{port = Port} = State) ->
    event(Op, Body, State);   % Python may already print while it starts
starting({Port, {data, <<Theirs, _/binary>>}}, #state{port = Port} = State) ->
    refused({protocol_mismatch, Theirs, ?PROTOCOL_VERSION}, State);
starting({Port, {exit_status, Status}}, #state{port = Port} = State) ->
    refused({port_down, py_death:of_status(Status)}, State);
starting({'EXIT', Port, Why}, #state{port = Port} = State) -> refused({port_down, Why}, State);
starting(start_timeout, State) -> refused(start_timeout, State);
starting({'EXIT', _Pid, Why}, State) -> {stop, Why, State};
starting(_, State) -> {noreply, State}.

accept(#{protocol := ?PROTOCOL_VERSION, version := Version, python := Python}, State) ->
    ok = name_no_more(State#state.stderr),
    %% Looked at again: a child of the VM gets its own process group only after it was begun.
    Known = identified(State),
    Context = context(Known, Version, Python),
    ok = py_context:publish(Context),
    ok = announce(Context, Known),
    ok = next_heartbeat(Known),
    {noreply, Known#state{status = up, context = Context}};
accept(#{protocol := Theirs}, State) -> refused({protocol_mismatch, Theirs, ?PROTOCOL_VERSION}, State).

name_no_more(none) -> ok;
name_no_more(Stderr) -> py_stderr:remove_name(Stderr).

context(#state{port = Port, pending = Pending, ids = Ids, spec = #{pool := Pool, config := Config} = Spec},
        Program, Python) ->
    #{max_frame := MaxFrame, max_in_flight := MaxInFlight} = Config,
    #context{port = Port, pending = Pending, ids = Ids, incarnation = incarnation(Spec), server = self(), pool = Pool,
             max_frame = MaxFrame, max_in_flight = MaxInFlight, python = Python, program = Program}.

incarnation(#{role := table}) -> py_table_file:incarnation(py_shared:file());
incarnation(#{role := python}) -> erlang:unique_integer([positive, monotonic]).

announce(#context{pool = ?TABLE, incarnation = Incarnation}, #state{keeper = Keeper}) ->
    ok = py_owner:table_is_up(),
    ok = py_watch:table_is_up(),
    ok = py_pools:table_is_up(Incarnation),
    Keeper ! {up, self()},
    ok;
announce(_, #state{keeper = Keeper}) ->
    Keeper ! {up, self()},
    ok.

%%% Routing

-spec handle_info(term(), #state{}) -> {noreply, #state{}} | {stop, term(), #state{}}.
handle_info(Message, #state{status = starting} = State) ->
    starting(Message, State);
handle_info({Port, {data, Frame}}, #state{port = Port} = State) ->
    route(Frame, State);
handle_info({Port, {exit_status, Status}}, #state{port = Port} = State) ->
    died(py_death:of_status(Status), State);
handle_info({'EXIT', Port, Why}, #state{port = Port} = State) ->
    died(Why, State);
handle_info(heartbeat, State) ->
    heartbeat(State);
handle_info(drain, #state{status = draining} = State) ->
    _ = ask(?OP_INFO, State),
    {noreply, State};
handle_info({expire, Id, Ref}, State) ->
    expired(Id, Ref, State);
handle_info({expired, Id, Ref}, State) ->
    still_there(Id, Ref, State);
handle_info(start_timeout, State) ->
    {noreply, State};
handle_info({'EXIT', _Pid, Why}, State) ->
    {stop, Why, State};
handle_info(_Message, State) ->
    ?LOG_WARNING("py_port got a message that it does not know", #{domain => [pyport]}),
    {noreply, State}.

route(<<?PROTOCOL_VERSION, Op, _:16, Id:32, Body/binary>>, #state{pending = Pending} = State) when Id =/= 0 ->
    _ = py_pending:answer(Pending, Id, Op, Body),
    counted(served(heard(State)));
route(<<?PROTOCOL_VERSION, Op, _:16, 0:32, Body/binary>>, State) ->
    event(Op, Body, heard(State));
route(_, State) ->
    ?LOG_ERROR("the port program sent a frame that is not of this protocol", #{domain => [pyport]}),
    {noreply, State}.

event(?EVENT_LOG, Body, #state{port = Port, spec = #{pool := Pool}} = State) ->
    ok = py_log:event(Port, Pool, Body),
    {noreply, State};
event(?EVENT_CAST_FAILED, Body, State) ->
    ok = py_log:cast_failed(Body),
    {noreply, State};
event(?EVENT_DESTROYED, Body, State) ->
    ok = py_owner:destroyed(Body),
    {noreply, State};
event(?EVENT_CHANGES, Body, State) ->
    ok = py_watch:changes(Body),
    {noreply, State};
event(?EVENT_STUCK, Body, #state{pending = Pending} = State) ->
    died({stuck_call, py_pending:whose(Pending, py_protocol:stuck(Body))}, State);
event(?REPLY_ERROR, Body, State) ->
    ok = py_log:refused(Body),
    {noreply, State};
event(?REPLY_VALUE, Body, State) -> informed(py_protocol:term(Body), State);
event(_, _, State) -> {noreply, State}.   % the replies to what nobody waits for: PING, DESTROY, NS_NEW, NS_DROP

%% No copy of the state for each frame.
heard(#state{silent = 0} = State) -> State;
heard(State) -> State#state{silent = 0}.

served(#state{served = true} = State) -> State;
served(State) -> State#state{served = true}.

%%% Heartbeat

next_heartbeat(#state{spec = #{config := #{heartbeat_interval := Interval}}}) ->
    _ = erlang:send_after(Interval, self(), heartbeat),
    ok.

%% Heartbeats are counted, not seconds: after the whole node was stopped for a while the program gets its
%% time too.
heartbeat(#state{silent = Silent, patience = Patience} = State) when Silent >= Patience ->
    died(heartbeat_timeout, State);
heartbeat(#state{pending = Pending, silent = Silent, recycle = Recycle} = State) ->
    _ = py_pending:sweep(Pending),
    _ = is_alive(State) andalso ask(py_recycle:question(Recycle), State),
    ok = next_heartbeat(State),
    {noreply, forward(State#state{silent = Silent + 1})}.

%% Writing to a dead one would take the exit status away, which is on its way.
is_alive(#state{process = gone}) -> true;
is_alive(#state{process = Process}) -> py_os:alive(Process).

%% Not waiting for room: a busy port that stays busy is a port program that does not read.
ask(Op, #state{port = Port}) ->
    try erlang:port_command(Port, py_protocol:header(Op, 0, 0), [nosuspend])
    catch error:badarg -> false
    end.

%% What the program's C code wrote goes to the log.
forward(#state{stderr = none} = State) -> State;
forward(#state{stderr = Stderr, process = Process, spec = #{pool := Pool}} = State) ->
    {Dropped, New, Read} = py_stderr:read(Stderr),
    ok = py_log:stderr(Pool, py_program:os_pid(Process), Dropped, New),
    State#state{stderr = Read}.

%%% Recycling

counted(#state{recycle = Recycle} = State) -> recycle(py_recycle:answered(Recycle), State).

%% The answer to an INFO of ours.
informed(Info, #state{status = draining, pending = Pending} = State) ->
    case py_recycle:is_idle(Info) andalso py_pending:size(Pending) =:= 0 of
        true ->
            ?LOG_INFO("the port program (OS process ~ts) has no calls left and ends",
                      [py_program:os_pid(State#state.process)], #{domain => [pyport]}),
            {stop, {shutdown, recycled}, State};
        false ->
            ok = look_again(),
            {noreply, State}
    end;
informed(Info, #state{recycle = Recycle} = State) -> recycle(py_recycle:informed(Info, Recycle), State).

look_again() ->
    _ = erlang:send_after(?DRAIN_POLL, self(), drain),
    ok.

%% The keeper brings another one up first.
recycle(same, State) -> {noreply, State};
recycle({ask, Recycle}, State) ->
    _ = ask(?OP_INFO, State),
    {noreply, State#state{recycle = Recycle}};
recycle({due, Why, Recycle}, #state{keeper = Keeper} = State) ->
    Keeper ! {recycle, self(), Why},
    {noreply, State#state{recycle = Recycle}};
recycle({not_due, Recycle}, State) -> {noreply, State#state{recycle = Recycle}}.

%% A caller that found the old context may be sending yet, so the first look is a moment later.
-spec handle_cast(term(), #state{}) -> {noreply, #state{}} | {stop, term(), #state{}}.
handle_cast(drain, #state{status = up, context = Context} = State) ->
    ok = py_context:draining(Context),
    ok = look_again(),
    {noreply, State#state{status = draining}};
handle_cast({stop, Why}, State) -> {stop, {shutdown, Why}, State};
handle_cast({kill, Pid}, #state{down = false} = State) -> died({stuck_call, Pid}, State);
handle_cast(_Request, State) -> {noreply, State}.

%%% Time limits of calls that nobody waits for

expired(Id, Ref, #state{pending = Pending} = State) ->
    case py_pending:expire(Pending, Id, Ref) of
        true ->
            ok = py_request:cancel(State#state.context, Id),
            _ = erlang:send_after(?EXPIRED_GRACE, self(), {expired, Id, Ref}),
            {noreply, State};
        false -> {noreply, State}
    end.

still_there(Id, Ref, #state{pending = Pending} = State) ->
    case py_pending:is_waiting(Pending, Id, {expired, Ref}) of
        true -> died({stuck_call, py_pending:whose(Pending, Id)}, State);
        false -> {noreply, State}
    end.

%%% End

died(Cause, #state{process = Process, spec = #{pool := Pool}} = State) ->
    {Waiting, Read} = bring_down(Cause, State),
    ?LOG_ERROR("the port program of ~ts (OS process ~ts) is gone: ~ts; ~b requests were waiting",
               [py_program:name(Pool), py_program:os_pid(Process), py_death:text(Cause), Waiting],
               #{domain => [pyport], pool => Pool}),
    {stop, {shutdown, {died, Cause, tail(Read), Read#state.served}}, Read#state{down = true}}.

%% The order matters. Callers that come from now on find no context; those that have one cannot write to the
%% closed port; all others stand in the table, and are answered.
bring_down(Cause, #state{context = none} = State) ->
    ok = close(State),
    Read = forward(State),
    {py_pending:answer_all(State#state.pending, told(Cause, Read)), Read};
bring_down(Cause, #state{context = Context} = State) ->
    ok = py_context:withdraw(Context, py_death:reason(Cause)),
    ok = close(State),
    Read = forward(State),
    {py_pending:answer_all(State#state.pending, told(Cause, Read)), Read}.

told(Cause, #state{spec = #{role := table}}) -> py_death:reason(Cause);
told(Cause, State) -> py_death:worker(Cause, tail(State)).

tail(#state{stderr = none}) -> <<>>;
tail(#state{stderr = Stderr}) -> py_stderr:tail(Stderr).

close(#state{port = undefined}) -> ok;
close(#state{port = Port}) ->
    try erlang:port_close(Port) of
        true -> ok
    catch
        error:badarg -> ok
    end.

-spec terminate(term(), #state{}) -> ok.
terminate(_Why, #state{down = true, process = Process} = State) ->
    ok = py_program:kill(Process),
    ended(State);
terminate(Why, #state{process = Process, spec = #{pool := Pool}} = State) ->
    {_, Read} = bring_down(stop_reason(Why), State),
    ok = py_program:leave(Process, Pool),
    ended(Read).

stop_reason({shutdown, {refused, Why, _}}) -> {refused, Why};
stop_reason({shutdown, Why}) -> Why;
stop_reason(Why) when is_atom(Why) -> Why;
stop_reason(_) -> crashed.

%% What it held in the table is given back at once, not when somebody needs it.
ended(#state{stderr = Stderr, spec = #{role := Role}}) ->
    _ = [py_stderr:close(Stderr) || Stderr =/= none],
    _ = [py_owner:sweep() || Role =:= python],
    ok.

%%% The rest of gen_server

-spec handle_call(term(), gen_server:from(), #state{}) -> {reply, {error, unknown_request}, #state{}}.
handle_call(_Request, _From, State) -> {reply, {error, unknown_request}, State}.

%% @doc Hides the frames that a crash report would show.
-spec format_status(gen_server:format_status()) -> gen_server:format_status().
format_status(Status) -> maps:map(fun py_log:hide/2, Status).
