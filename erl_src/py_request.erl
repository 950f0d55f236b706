%% @private The fast path: a caller writes its own request to the port and waits for its own reply.
%%
%% No process stands between the caller and the port; py_port only routes the reply back:
%%
%% ```
%%   caller                         py_port                    port program
%%     | py_pending:put(Ref) -> Id     |                            |
%%     | port_command(frame of Id) ------------------------------->|
%%     |                               |<------ {data, reply of Id} |
%%     |<--- {Ref, Op, Body} ----------| py_pending:answer(Id)      |
%% '''
%%
%% Whoever takes the row out of the pending table decides the request, so each is answered exactly once:
%% py_port with the reply, or with the word that the port program died; the caller itself when its time is
%% over, and then a late reply finds no row; the heir of the table when py_port was killed. So a caller need not
%% monitor py_port: two signals to it for each request were a fifth of the round trip.
%%
%% A request with a time limit ends 250 ms after it at the latest. When its time is over the caller sends
%% CANCEL and waits for whatever ends the job; the port program has 100 ms before it ends itself (STUCK). One
%% that does neither is stopped, or has no turn: then py_port kills it.
-module(py_request).

-include("py_context.hrl").
-include("py_protocol.hrl").

-export([call/5, start/5, await/2, cancel/2]).
-export([post/4, try_post/4, post_within/5]).
-export([prepare/1, abandon/2, send_prepared/4, unbounded/1]).

-export_type([reply/0, ticket/0]).

-type reply() :: {py_protocol:op(), binary()} | failure().
-type failure() :: {down, Why :: term()}    % before the request was sent
                 | {died, Why :: term()}    % while its reply was waited for
                 | {error, overloaded | {frame_too_large, pos_integer(), pos_integer()}}
                 | timeout.
-type ticket() :: {Ref :: reference(), py_protocol:id(), py_context:context()}.

-define(ON_ITS_WAY, 1000).   % milliseconds between the taking of a row and the message, at most
-define(GRACE, 230).         % between CANCEL and the end; the rest of the 250 is for the way

%% @doc Sends a request and waits for its reply, at most `Timeout', and then for its end.
%%
%% The reference is made and waited for in one function, so that the VM need not search the messages
%% that were there before.
-spec call(py_context:context(), py_protocol:op(), py_protocol:flags(), iodata(), timeout()) -> reply().
call(Context, Op, Flags, Body, Timeout) ->
    case refused(Context, Body) of
        false ->
            Ref = make_ref(),
            case send(Context, Ref, Op, Flags, Body, Timeout) of
                Id when is_integer(Id) ->
                    receive
                        {Ref, ReplyOp, Reply} -> {ReplyOp, Reply}
                    after Timeout -> give_up({Ref, Id, Context})
                    end;
                Failure -> Failure
            end;
        Error -> Error
    end.

%% @doc A context whose requests go also when too many are in flight: those that free things, or tell why.
-spec unbounded(py_context:context()) -> py_context:context().
unbounded(Context) -> Context#context{max_in_flight = infinity}.

%% @doc Sends a request; the reply is to be awaited by the same process.
-spec start(py_context:context(), py_protocol:op(), py_protocol:flags(), iodata(), timeout()) ->
          {ok, ticket()} | failure().
start(Context, Op, Flags, Body, Timeout) ->
    case refused(Context, Body) of
        false ->
            Ref = make_ref(),
            case send(Context, Ref, Op, Flags, Body, Timeout) of
                Id when is_integer(Id) -> {ok, {Ref, Id, Context}};
                Failure -> Failure
            end;
        Error -> Error
    end.

%% @doc Waits for the reply of a request that was started; when the time is over it is cancelled.
-spec await(ticket(), timeout()) -> reply().
await({Ref, _, _} = Ticket, Timeout) ->
    receive
        {Ref, Op, Body} -> {Op, Body};
        {{expired, Ref}, _, _} -> timeout
    after Timeout -> give_up(Ticket)
    end.

%% @doc Sends a frame that is not answered.
-spec post(py_context:context(), py_protocol:op(), py_protocol:flags(), iodata()) ->
          ok | {down, term()} | {error, {frame_too_large, pos_integer(), pos_integer()}}.
post(#context{max_frame = Max} = Context, Op, Flags, Body) ->
    case iolist_size(Body) + ?HEADER_SIZE of
        Size when Size > Max -> {error, {frame_too_large, Size, Max}};
        _ -> transmit(Context, Op, Flags, 0, Body)
    end.

%% @doc The same of a small frame, without waiting: `busy' when it was not sent.
-spec try_post(py_context:context(), py_protocol:op(), py_protocol:flags(), iodata()) -> ok | busy | {down, term()}.
try_post(Context, Op, Flags, Body) -> attempt(Context, [py_protocol:header(Op, Flags, 0), Body]).

%% @doc The same, waiting at most so long for room.
-spec post_within(py_context:context(), py_protocol:op(), py_protocol:flags(), iodata(), timeout()) ->
          ok | timeout | {down, term()} | {error, {frame_too_large, pos_integer(), pos_integer()}}.
post_within(#context{max_frame = Max} = Context, Op, Flags, Body, Timeout) ->
    case iolist_size(Body) + ?HEADER_SIZE of
        Size when Size > Max -> {error, {frame_too_large, Size, Max}};
        _ -> transmit_within(Context, [py_protocol:header(Op, Flags, 0), Body], Timeout)
    end.

%%% A request that another process sends for the caller: py_owner, which must be the one to send NEW

%% @doc Takes an id for a request of the calling process.
-spec prepare(py_context:context()) -> {ok, ticket()} | failure().
prepare(#context{pending = Pending, ids = Ids} = Context) ->
    case refused(Context, []) of
        false ->
            Ref = make_ref(),
            try py_pending:put(Pending, Ids, Ref) of
                Id -> {ok, {Ref, Id, Context}}
            catch
                error:badarg -> {down, why_down(Context)}   % the table went with py_port
            end;
        Error -> Error
    end.

%% @doc Gives back the id of a request that was not sent.
-spec abandon(ticket(), Why) -> Why.
abandon(Ticket, Why) ->
    case take_back(Ticket) of
        true -> Why;
        false -> answered(Ticket, Why), Why
    end.

-spec send_prepared(py_context:context(), py_protocol:op(), py_protocol:id(), iodata()) -> ok | {down, term()}.
send_prepared(Context, Op, Id, Body) -> transmit(Context, Op, 0, Id, Body).

%%% Inside

-compile({inline, [refused/2]}).

%% Why a request is not even begun, or false.
refused(#context{pending = Pending, max_frame = MaxFrame, max_in_flight = MaxInFlight}, Body) ->
    case iolist_size(Body) + ?HEADER_SIZE of
        Size when Size > MaxFrame -> {error, {frame_too_large, Size, MaxFrame}};
        _ ->
            case py_pending:size(Pending) of
                %% a number is always less than infinity
                InFlight when is_integer(InFlight), InFlight >= MaxInFlight -> {error, overloaded};
                _ -> false
            end
    end.

send(#context{pending = Pending, ids = Ids} = Context, Ref, Op, Flags, Body, Timeout) ->
    try py_pending:put(Pending, Ids, Ref) of
        Id ->
            case transmit_within(Context, [py_protocol:header(Op, Flags, Id), Body], Timeout) of
                ok -> Id;
                Failure -> abandon({Ref, Id, Context}, Failure)
            end
    catch
        error:badarg -> {down, why_down(Context)}   % the table went with py_port
    end.

%% A port that holds much unwritten output is busy. Then the caller waits for room, suspended by the VM:
%% this is the back-pressure, and the heartbeat bounds it, since it ends a port program that reads nothing.
transmit(Context, Op, Flags, Id, Body) ->
    transmit_within(Context, [py_protocol:header(Op, Flags, Id), Body], infinity).

transmit_within(Context, Frame, Timeout) ->
    case attempt(Context, Frame) of
        busy -> wait_for_room(Context, Frame, Timeout);
        Done -> Done
    end.

attempt(#context{port = Port} = Context, Frame) ->
    try erlang:port_command(Port, Frame, [nosuspend]) of
        true -> ok;
        false -> busy
    catch
        error:badarg -> {down, why_down(Context)}
    end.

-dialyzer({nowarn_function, wait_for_room/3}).
wait_for_room(#context{port = Port} = Context, Frame, infinity) ->
    try erlang:port_command(Port, Frame) of
        true -> ok
    catch
        error:badarg -> {down, why_down(Context)}   % closed, also while the caller was suspended
    end;
wait_for_room(Context, Frame, Timeout) ->
    %% The suspended cannot look at the clock, so another process is suspended.
    {Pid, Monitor} = spawn_monitor(fun() -> exit({sent, wait_for_room(Context, Frame, infinity)}) end),
    receive
        {'DOWN', Monitor, process, Pid, {sent, Done}} -> Done
    after Timeout ->
        exit(Pid, kill),
        receive
            {'DOWN', Monitor, process, Pid, {sent, Done}} -> Done;
            {'DOWN', Monitor, process, Pid, _} -> timeout
        end
    end.

why_down(#context{pool = ?TABLE}) ->
    case py_context:find() of
        {down, Why} -> Why;
        {ok, _} -> closed   % a newer port program is up already
    end;
why_down(_) -> closed.

%% The time is over. A reply that is on its way already counts; after that only the end of the job is waited for.
give_up({Ref, Id, #context{server = Server} = Context} = Ticket) ->
    case is_answered(Ticket) of
        true -> answered(Ticket, timeout);
        false ->
            ok = cancel(Context, Id),
            receive
                {Ref, _, _} -> timeout
            after ?GRACE ->
                case take_back(Ticket) of
                    true -> py_port:kill(Server);
                    false -> answered(Ticket, timeout)
                end,
                timeout
            end
    end.

is_answered({Ref, Id, #context{pending = Pending}}) ->
    try not py_pending:is_waiting(Pending, Id, Ref)
    catch error:badarg -> true
    end.

%% True when nobody else can answer this request any more.
take_back({_, Id, #context{pending = Pending}}) ->
    try py_pending:take_back(Pending, Id)
    catch error:badarg -> false
    end.

%% Somebody took the row and sends now.
answered({Ref, _, _}, Otherwise) ->
    receive
        {Ref, Op, Body} -> {Op, Body};
        {{expired, Ref}, _, _} -> timeout
    after ?ON_ITS_WAY -> Otherwise
    end.

%% @doc Tells the port program to stop a job. Never waits: a caller whose time is over must not wait for room in
%% a busy port.
-spec cancel(py_context:context(), py_protocol:id()) -> ok.
cancel(Context, Id) ->
    Body = py_protocol:encode(Id),
    case try_post(Context, ?OP_CANCEL, 0, Body) of
        busy ->
            _ = spawn(fun() -> transmit(Context, ?OP_CANCEL, 0, 0, Body) end),
            ok;
        _ -> ok
    end.
