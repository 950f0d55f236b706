%% @private Owns the port and the port program: starts it, routes its replies, notices its death.
%%
%% A reply goes to its caller by the id in the frame's header and is not decoded here; see py_request for the
%% way of a request. Death is whichever comes first: the exit status, the port's own exit, or a heartbeat
%% without any sign of life, upon which the program is killed. Then each waiting caller is answered, this
%% process ends, and the supervisor starts another, with a new incarnation.
%%
%% The frames that pass hold users' values, so no state, message or frame of this process is ever logged.
-module(py_port).

-behaviour(gen_server).

-include_lib("kernel/include/logger.hrl").
-include("py_context.hrl").
-include("py_protocol.hrl").

-export([start_link/1]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2, terminate/2, format_status/1]).

-record(state, {port :: port(),
                pending :: ets:tid(),
                process :: py_os:identity() | gone,
                interval :: pos_integer(),
                patience :: pos_integer(),         % heartbeats without a sign of life before it is killed
                silent = 0 :: non_neg_integer(),   % heartbeats since the last one
                in_flight_at_end = 0 :: non_neg_integer(),
                down = false :: boolean()}).       % all that waited are answered

-define(HELLO_ID, 1).
-define(END_GRACE, 2000).      % milliseconds for the program to leave by itself
-define(KILL_GRACE, 2000).
-define(BUSY_LIMITS, {4 bsl 20, 8 bsl 20}).   % bytes; a port's own 128 KiB would be one large value

-spec start_link(pyport_config:config()) -> {ok, pid()} | {error, term()} | ignore.
start_link(Config) ->
    gen_server:start_link({local, ?MODULE}, ?MODULE, Config, [{spawn_opt, [{fullsweep_after, 20}]}]).

%%% Start

-spec init(pyport_config:config()) -> {ok, #state{}} | {stop, term()}.
init(#{program := Program} = Config) ->
    process_flag(trap_exit, true),
    process_flag(sensitive, true),
    end_previous(),
    case pyport_config:check_program(Program) of
        ok -> start(open(Program), Config);
        {error, Why} -> {stop, Why}
    end.

%% A killed py_port may have left a program that is stopped and so did not see the end of its input.
end_previous() ->
    case py_tables:process() of
        {ok, Process} -> end_process(Process);
        none -> ok
    end.

open(Program) ->
    open_port({spawn_executable, Program},
              [{packet, 4}, binary, exit_status, hide, {busy_limits_port, ?BUSY_LIMITS}]).

start(Port, Config) ->
    Process = identify(Port),
    {Pending, Ids} = py_pending:new(),
    #{heartbeat_interval := Interval, heartbeat_timeout := Timeout} = Config,
    State = #state{port = Port, pending = Pending, process = Process, interval = Interval,
                   patience = max(1, Timeout div Interval)},
    case hello(Port, Config) of
        {ok, Reply} ->
            %% Looked at again: a child of the VM gets its own process group only after it was begun.
            Ready = State#state{process = identify(Port)},
            ok = py_context:publish(context(Ready, Ids, Config, Reply)),
            ok = next_heartbeat(Ready),
            {ok, Ready};
        {error, Why} ->
            ok = end_program(State),
            {stop, Why}
    end.

identify(Port) ->
    case erlang:port_info(Port, os_pid) of
        {os_pid, Pid} -> remember(py_os:identify(Pid));
        undefined -> gone
    end.

remember({ok, Process}) ->
    ok = py_tables:put_process(Process),
    Process;
remember(gone) -> gone.

hello(Port, #{start_timeout := Timeout} = Config) ->
    Hello = (maps:with([interpreters, python, python_path, max_frame, max_queue, none], Config))
        #{log_credit => py_log:credit(), node => node()},
    Frame = [py_protocol:header(?OP_HELLO, 0, ?HELLO_ID), py_protocol:hello(Hello)],
    try erlang:port_command(Port, Frame) of
        true -> hello_reply(Port, erlang:monotonic_time(millisecond) + Timeout)
    catch
        error:badarg -> {error, {port_down, closed}}
    end.

%% Python may already print while it starts: events before the reply are handled as always.
hello_reply(Port, Deadline) ->
    receive
        {Port, {data, <<?PROTOCOL_VERSION, ?REPLY_VALUE, _:16, ?HELLO_ID:32, Body/binary>>}} -> accept(Body);
        {Port, {data, <<?PROTOCOL_VERSION, ?REPLY_ERROR, _:16, ?HELLO_ID:32, Body/binary>>}} -> refuse(Body);
        {Port, {data, <<?PROTOCOL_VERSION, Op, _:16, 0:32, Body/binary>>}} ->
            ok = event(Op, Body),
            hello_reply(Port, Deadline);
        {Port, {data, <<Theirs, _/binary>>}} -> {error, {protocol_mismatch, Theirs, ?PROTOCOL_VERSION}};
        {Port, {exit_status, Status}} -> {error, {port_down, exit_reason(Status)}};
        {'EXIT', Port, Why} -> {error, {port_down, Why}}
    after max(0, Deadline - erlang:monotonic_time(millisecond)) ->
        {error, start_timeout}
    end.

accept(Body) ->
    case py_protocol:term(Body) of
        #{protocol := ?PROTOCOL_VERSION, version := _, python := _} = Reply -> {ok, Reply};
        #{protocol := Theirs} -> {error, {protocol_mismatch, Theirs, ?PROTOCOL_VERSION}}
    end.

refuse(Body) ->
    case py_protocol:failure(Body) of
        {error, Why} -> {error, Why};
        Other -> {error, Other}
    end.

context(#state{port = Port, pending = Pending}, Ids, Config, #{version := Program, python := Python}) ->
    #{max_frame := MaxFrame, max_in_flight := MaxInFlight, call_timeout := Timeout} = Config,
    #context{port = Port, pending = Pending, ids = Ids,
             incarnation = erlang:unique_integer([positive, monotonic]),
             max_frame = MaxFrame, max_in_flight = MaxInFlight, call_timeout = Timeout,
             python = Python, program = Program}.

%%% Routing

-spec handle_info(term(), #state{}) -> {noreply, #state{}} | {stop, term(), #state{}}.
handle_info({Port, {data, Frame}}, #state{port = Port, pending = Pending} = State) ->
    ok = route(Frame, Pending),
    {noreply, heard(State)};
handle_info({Port, {exit_status, Status}}, #state{port = Port} = State) ->
    died(exit_reason(Status), State);
handle_info({'EXIT', Port, Why}, #state{port = Port} = State) ->
    died(Why, State);
handle_info(heartbeat, State) ->
    heartbeat(State);
handle_info({'EXIT', _Pid, Why}, State) ->
    {stop, Why, State};
handle_info(_Message, State) ->
    ?LOG_WARNING("py_port got a message that it does not know", #{domain => [pyport]}),
    {noreply, State}.

route(<<?PROTOCOL_VERSION, Op, _:16, Id:32, Body/binary>>, Pending) when Id =/= 0 ->
    _ = py_pending:answer(Pending, Id, Op, Body),
    ok;
route(<<?PROTOCOL_VERSION, Op, _:16, 0:32, Body/binary>>, _) ->
    event(Op, Body);
route(_, _) ->
    ?LOG_ERROR("the port program sent a frame that is not of this protocol", #{domain => [pyport]}).

event(?EVENT_LOG, Body) -> py_log:event(Body);
event(?EVENT_CAST_FAILED, Body) -> py_log:cast_failed(Body);
event(?EVENT_DESTROYED, Body) -> py_owner:destroyed(Body);
event(?REPLY_ERROR, Body) -> py_log:refused(Body);
event(_, _) -> ok.   % the replies to what nobody waits for: PING, DESTROY, NS_NEW, NS_DROP

%% No copy of the state for each frame.
heard(#state{silent = 0} = State) -> State;
heard(State) -> State#state{silent = 0}.

%%% Heartbeat

next_heartbeat(#state{interval = Interval}) ->
    _ = erlang:send_after(Interval, self(), heartbeat),
    ok.

%% Heartbeats are counted, not seconds: after the whole node was stopped for a while the program gets its
%% time too.
heartbeat(#state{silent = Silent, patience = Patience} = State) when Silent >= Patience ->
    died(heartbeat_timeout, State);
heartbeat(#state{port = Port, pending = Pending, silent = Silent} = State) ->
    _ = py_pending:sweep(Pending),
    %% Not waiting for room: a busy port that stays busy is a port program that does not read.
    _ = try erlang:port_command(Port, py_protocol:header(?OP_PING, 0, 0), [nosuspend])
        catch error:badarg -> false
        end,
    ok = next_heartbeat(State),
    {noreply, State#state{silent = Silent + 1}}.

%%% End

died(Why, #state{process = Process} = State) ->
    Waiting = bring_down(Why, State),
    ?LOG_ERROR("the port program (OS process ~ts) is gone: ~tp; ~b requests were waiting",
               [os_pid(Process), Why, Waiting], #{domain => [pyport]}),
    {stop, {shutdown, {port_down, Why}}, State#state{down = true}}.

%% The order matters. Callers that come from now on find no context; those that have one cannot write to the
%% closed port; all others stand in the table, and are answered.
bring_down(Why, #state{port = Port, pending = Pending}) ->
    ok = py_context:withdraw(Why),
    ok = close(Port),
    py_pending:answer_all(Pending, Why).

close(Port) ->
    try erlang:port_close(Port) of
        true -> ok
    catch
        error:badarg -> ok
    end.

-spec terminate(term(), #state{}) -> ok.
terminate(_Why, #state{down = true, process = Process}) ->
    ok = kill(Process);
terminate(Why, State) ->
    _ = bring_down(stop_reason(Why), State),
    end_program(State).

stop_reason({shutdown, Why}) -> Why;
stop_reason(Why) when is_atom(Why) -> Why;
stop_reason(_) -> crashed.

end_program(#state{port = Port, process = Process}) ->
    ok = close(Port),
    end_process(Process).

%% The end of its input is the program's sign to leave.
end_process(gone) -> py_tables:delete_process();
end_process(Process) ->
    case py_os:wait_gone(Process, ?END_GRACE) of
        gone -> py_tables:delete_process();
        still_alive ->
            ?LOG_WARNING("the port program (OS process ~ts) did not leave; killing it", [os_pid(Process)],
                         #{domain => [pyport]}),
            kill(Process)
    end.

%% Also what the dead left behind in its process group.
kill(gone) -> py_tables:delete_process();
kill(Process) ->
    ok = py_os:kill(Process),
    _ = py_os:wait_gone(Process, ?KILL_GRACE),
    py_tables:delete_process().

os_pid(gone) -> "unknown";
os_pid(Process) -> integer_to_list(py_os:os_pid(Process)).

%% A shell's way to tell a signal.
exit_reason(Status) when Status > 128 -> {signal, Status - 128};
exit_reason(Status) -> {exit_status, Status}.

%%% The rest of gen_server

-spec handle_call(term(), gen_server:from(), #state{}) -> {reply, {error, unknown_request}, #state{}}.
handle_call(_Request, _From, State) -> {reply, {error, unknown_request}, State}.

-spec handle_cast(term(), #state{}) -> {noreply, #state{}}.
handle_cast(_Request, State) -> {noreply, State}.

%% @doc Hides the frames that a crash report would show.
-spec format_status(gen_server:format_status()) -> gen_server:format_status().
format_status(Status) -> maps:map(fun py_log:hide/2, Status).
