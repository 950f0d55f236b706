%% @private The fast path: a caller writes its own request to the port and waits for its own reply.
%%
%% No process stands between the caller and the port; py_port only routes the reply back:
%%
%% ```
%%   caller                         py_port                    port program
%%     | monitor py_port, alias        |                            |
%%     | py_pending:put -> Id          |                            |
%%     | port_command(frame of Id) ------------------------------->|
%%     |                               |<------ {data, reply of Id} |
%%     |<--- {Alias, Op, Body} --------| py_pending:take(Id)        |
%% '''
%%
%% The alias ends with the first message, be it the reply, the word that the port program died, or the
%% 'DOWN' of py_port itself. So each request is answered exactly once, and late replies vanish.
-module(py_request).

-include("py_context.hrl").
-include("py_protocol.hrl").

-export([call/5, start/4, await/3, post/4]).
-export([prepare/1, abandon/2, send_prepared/4, unbounded/1]).

-export_type([reply/0, ticket/0]).

-type reply() :: {py_protocol:op(), binary()} | failure().
-type failure() :: {down, Why :: term()}    % before the request was sent
                 | {died, Why :: term()}    % while its reply was waited for
                 | {error, overloaded | {frame_too_large, pos_integer(), pos_integer()}}
                 | timeout.
-type ticket() :: {Alias :: reference(), py_protocol:id(), py_context:context()}.

%% @doc Sends a request and waits for its reply, at most `Timeout'.
%%
%% The reference is made and waited for in one function, so that the VM need not search the messages
%% that were there before.
-spec call(py_context:context(), py_protocol:op(), py_protocol:flags(), iodata(), timeout()) -> reply().
call(Context, Op, Flags, Body, Timeout) ->
    case refused(Context, Body) of
        false ->
            Alias = monitor_port(Context),
            case send(Context, Alias, Op, Flags, Body) of
                Id when is_integer(Id) ->
                    receive
                        {Alias, ReplyOp, Reply} -> {ReplyOp, Reply};
                        {'DOWN', Alias, process, _, Why} -> {died, reason(Why)}
                    after Timeout -> give_up({Alias, Id, Context})
                    end;
                Down -> Down
            end;
        Error -> Error
    end.

%% @doc A context whose requests go also when too many are in flight: those that free things, or tell why.
-spec unbounded(py_context:context()) -> py_context:context().
unbounded(Context) -> Context#context{max_in_flight = infinity}.

%% @doc Sends a request; the reply is to be awaited by the same process.
-spec start(py_context:context(), py_protocol:op(), py_protocol:flags(), iodata()) -> {ok, ticket()} | failure().
start(Context, Op, Flags, Body) ->
    case refused(Context, Body) of
        false ->
            Alias = monitor_port(Context),
            case send(Context, Alias, Op, Flags, Body) of
                Id when is_integer(Id) -> {ok, {Alias, Id, Context}};
                Down -> Down
            end;
        Error -> Error
    end.

%% @doc Waits for the reply of a request that was started; when the time is over it is cancelled.
-spec await(ticket(), timeout(), cancel | leave) -> reply().
await({Alias, _, _} = Ticket, Timeout, OnTimeout) ->
    receive
        {Alias, Op, Body} -> {Op, Body};
        {'DOWN', Alias, process, _, Why} -> {died, reason(Why)}
    after Timeout ->
        case OnTimeout of
            cancel -> give_up(Ticket);
            leave -> timeout
        end
    end.

%% @doc Sends a frame that is not answered.
-spec post(py_context:context(), py_protocol:op(), py_protocol:flags(), iodata()) ->
          ok | {down, term()} | {error, {frame_too_large, pos_integer(), pos_integer()}}.
post(#context{max_frame = Max} = Context, Op, Flags, Body) ->
    case iolist_size(Body) + ?HEADER_SIZE of
        Size when Size > Max -> {error, {frame_too_large, Size, Max}};
        _ -> transmit(Context, Op, Flags, 0, Body)
    end.

%%% A request that another process sends for the caller: py_owner, which must be the one to send NEW

%% @doc Takes an id for a request of the calling process.
-spec prepare(py_context:context()) -> {ok, ticket()} | failure().
prepare(#context{pending = Pending, ids = Ids} = Context) ->
    case refused(Context, []) of
        false ->
            Alias = monitor_port(Context),
            try py_pending:put(Pending, Ids, Alias) of
                Id -> {ok, {Alias, Id, Context}}
            catch
                error:badarg -> port_closed(Alias)
            end;
        Error -> Error
    end.

%% @doc Gives back the id of a request that was not sent.
-spec abandon(ticket(), Why) -> Why.
abandon({Alias, Id, #context{pending = Pending}}, Why) ->
    try py_pending:drop(Pending, Id)
    catch error:badarg -> ok
    end,
    true = erlang:demonitor(Alias, [flush]),
    receive {Alias, _, _} -> Why after 0 -> Why end.

-spec send_prepared(py_context:context(), py_protocol:op(), py_protocol:id(), iodata()) -> ok | {down, term()}.
send_prepared(Context, Op, Id, Body) -> transmit(Context, Op, 0, Id, Body).

%%% Inside

-compile({inline, [monitor_port/1, refused/2]}).

monitor_port(#context{server = Server}) -> erlang:monitor(process, Server, [{alias, reply_demonitor}]).

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

send(#context{pending = Pending, ids = Ids} = Context, Alias, Op, Flags, Body) ->
    try py_pending:put(Pending, Ids, Alias) of
        Id ->
            case transmit(Context, Op, Flags, Id, Body) of
                ok -> Id;
                Down -> abandon({Alias, Id, Context}, Down)
            end
    catch
        error:badarg -> port_closed(Alias)   % the table went with py_port
    end.

port_closed(Alias) ->
    true = erlang:demonitor(Alias, [flush]),
    {down, why_down()}.

%% A port that holds much unwritten output is busy. Then the caller waits for room, suspended by the VM:
%% this is the back-pressure, and the heartbeat bounds it, since it ends a port program that reads nothing.
transmit(#context{port = Port}, Op, Flags, Id, Body) ->
    Frame = [py_protocol:header(Op, Flags, Id), Body],
    try erlang:port_command(Port, Frame, [nosuspend]) orelse erlang:port_command(Port, Frame) of
        true -> ok
    catch
        error:badarg -> {down, why_down()}   % closed, also while the caller was suspended
    end.

%% The end of py_port, which is the end of its port.
reason({shutdown, {port_down, Why}}) -> Why;
reason(Why) -> Why.

why_down() ->
    case py_context:find() of
        {down, Why} -> Why;
        {ok, _} -> closed   % a newer port program is up already
    end.

%% The time is over. A reply that came at the last moment counts.
give_up({Alias, Id, Context}) ->
    true = erlang:demonitor(Alias, [flush]),
    receive
        {Alias, Op, Body} -> {Op, Body}
    after 0 ->
        cancel(Context, Id),
        timeout
    end.

%% Never waits: a caller whose time is over must not wait for room in a busy port.
cancel(#context{port = Port} = Context, Id) ->
    Body = py_protocol:encode(Id),
    Frame = [py_protocol:header(?OP_CANCEL, 0, 0), Body],
    try erlang:port_command(Port, Frame, [nosuspend]) of
        true -> ok;
        false ->
            _ = spawn(fun() -> transmit(Context, ?OP_CANCEL, 0, 0, Body) end),
            ok
    catch
        error:badarg -> ok
    end.
