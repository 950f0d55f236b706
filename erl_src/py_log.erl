%% @private Hands what Python prints and logs, and failed casts, to `logger'.
%%
%% A process of its own, so that a slow handler holds up neither replies nor owners. The port program sends
%% LOG events against credit; it gets credit back in batches, after the events were handed on, so that a
%% printing loop is slowed to what the handlers take.
%%
%% Texts are given to logger as an argument, never as a format. What is printed has the level notice, the lowest
%% that logger shows unless configured; what Python logs has its own. The domain is the configured one;
%% python_logger, stream, pool and interpreter are in the metadata.
-module(py_log).

-behaviour(gen_server).

-include_lib("kernel/include/logger.hrl").
-include("py_context.hrl").
-include("py_protocol.hrl").

-export([start_link/1, credit/0, event/3, stderr/4, cast_failed/1, refused/1, hide/2]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2, format_status/1]).

-record(state, {domain :: [atom()], owed = #{} :: #{port() => pos_integer()}}).

-define(CREDIT, 1000).
-define(BATCH, 250).

-spec start_link(pyport_config:config()) -> {ok, pid()} | {error, term()} | ignore.
start_link(#{log_domain := Domain}) ->
    gen_server:start_link({local, ?MODULE}, ?MODULE, Domain, [{spawn_opt, [{message_queue_data, off_heap}]}]).

%% @doc LOG events that a port program may send before it is given more.
-spec credit() -> pos_integer().
credit() -> ?CREDIT.

%% @doc The body of a LOG event, and where it came from.
-spec event(port(), atom(), binary()) -> ok.
event(Port, Pool, Body) -> gen_server:cast(?MODULE, {log, Port, Pool, Body}).

%% @doc What C code of a pool's OS process wrote to its standard error; how many bytes before it were left out.
-spec stderr(atom(), OsPid :: string(), Dropped :: non_neg_integer(), binary()) -> ok.
stderr(_, _, 0, <<>>) -> ok;
stderr(Pool, OsPid, Dropped, Text) -> gen_server:cast(?MODULE, {stderr, Pool, OsPid, Dropped, Text}).

%% @doc The body of a CAST_FAILED event.
-spec cast_failed(binary()) -> ok.
cast_failed(Body) -> gen_server:cast(?MODULE, {cast_failed, Body}).

%% @doc The body of an ERROR that answers a frame nobody waits for.
-spec refused(binary()) -> ok.
refused(Body) -> gen_server:cast(?MODULE, {refused, Body}).

%% @doc For format_status/1 of processes through which values and texts pass.
-spec hide(Key :: atom(), term()) -> term().
hide(Key, Value) when Key =:= reason -> Value;
hide(_, _) -> hidden.

%% Events that a py_log before this one took with it are never paid back, so the whole credit is given anew.
-spec init([atom()]) -> {ok, #state{}}.
init(Domain) ->
    process_flag(sensitive, true),
    ok = py_log_shown:ensure([{pyport, [pyport]}, {pyport_python, Domain}]),
    ok = lists:foreach(fun(#context{port = Port}) -> give(Port, ?CREDIT) end, py_context:all_ports()),
    {ok, #state{domain = Domain}}.

-spec handle_cast(term(), #state{}) -> {noreply, #state{}} | {noreply, #state{}, 0}.
handle_cast({log, Port, Pool, Body}, #state{domain = Domain} = State) ->
    ok = log(py_protocol:log(Body), Pool, Domain),
    paid(Port, State);
handle_cast({stderr, Pool, OsPid, Dropped, Text}, #state{domain = Domain} = State) ->
    ok = stderr(Pool, OsPid, Dropped, Text, Domain),
    waiting(State);
handle_cast({cast_failed, Body}, #state{domain = Domain} = State) ->
    ok = failed(py_protocol:cast_failed(Body), Domain),
    waiting(State);
handle_cast({refused, Body}, State) ->
    ?LOG_WARNING("a port program refused a frame: ~tp", [py_protocol:failure(Body)], #{domain => [pyport]}),
    waiting(State);
handle_cast(_, State) -> waiting(State).

-spec handle_info(term(), #state{}) -> {noreply, #state{}} | {noreply, #state{}, 0}.
handle_info(timeout, #state{owed = Owed} = State) ->
    ok = maps:foreach(fun give/2, Owed),
    {noreply, State#state{owed = #{}}};
handle_info(_, State) -> waiting(State).

-spec handle_call(term(), gen_server:from(), #state{}) -> {reply, {error, unknown_request}, #state{}}.
handle_call(_Request, _From, State) -> {reply, {error, unknown_request}, State}.

%% Full batches at once, the rest when nothing else is to be done.
paid(Port, #state{owed = Owed} = State) ->
    case maps:get(Port, Owed, 0) + 1 of
        ?BATCH ->
            ok = give(Port, ?BATCH),
            waiting(State#state{owed = maps:remove(Port, Owed)});
        More -> waiting(State#state{owed = Owed#{Port => More}})
    end.

waiting(#state{owed = Owed} = State) when map_size(Owed) =:= 0 -> {noreply, State};
waiting(State) -> {noreply, State, 0}.

%% Never waits: a port program that reads nothing does not print either. What is not given now is not given: its
%% writer goes on without credit after a while.
give(Port, Credit) ->
    Frame = [py_protocol:header(?OP_LOG_CREDIT, 0, 0), py_protocol:encode(Credit)],
    _ = try erlang:port_command(Port, Frame, [nosuspend])
        catch error:badarg -> false   % it is dead
        end,
    ok.

log(#{stream := Stream, level := Level, logger := Logger, interpreter := Interpreter, text := Text}, Pool, Domain) ->
    logger:log(Level, "~ts", [Text], #{domain => Domain, stream => Stream, python_logger => Logger, pool => Pool,
                                       interpreter => Interpreter}).

stderr(Pool, OsPid, Dropped, Text, Domain) ->
    logger:log(warning, "~ts~ts", [left_out(Dropped), py_stderr:lines(Text)],
               #{domain => Domain, stream => stderr, pool => Pool, os_pid => OsPid}).

left_out(0) -> "";
left_out(Dropped) -> io_lib:format("(~b bytes before this are left out)~n", [Dropped]).

failed({exception, {Type, #{message := Message, traceback := Traceback}}}, Domain) ->
    logger:log(warning, "py:cast failed: ~ts: ~ts~n~ts", [name(Type), Message, lists:join($\n, Traceback)],
               #{domain => Domain});
failed({error, Error}, Domain) ->
    logger:log(warning, "py:cast failed: ~tp", [Error], #{domain => Domain}).

name(Type) when is_atom(Type) -> atom_to_binary(Type, utf8);
name(Type) -> Type.

-spec format_status(gen_server:format_status()) -> gen_server:format_status().
format_status(Status) -> maps:map(fun hide/2, Status).
