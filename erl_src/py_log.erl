%% @private Hands what Python prints and logs, and failed casts, to `logger'.
%%
%% A process of its own, so that a slow handler holds up neither replies nor owners. The port program sends
%% LOG events against credit; it gets credit back in batches, after the events were handed on, so that a
%% printing loop is slowed to what the handlers take.
%%
%% Texts are given to logger as an argument, never as a format. What is printed has the level notice, the lowest
%% that logger shows unless configured; what Python logs has its own. The domain is the configured one;
%% python_logger, stream and interpreter are in the metadata.
-module(py_log).

-behaviour(gen_server).

-include_lib("kernel/include/logger.hrl").
-include("py_protocol.hrl").

-export([start_link/1, credit/0, event/1, cast_failed/1, refused/1, hide/2]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2, format_status/1]).

-record(state, {domain :: [atom()], owed = 0 :: non_neg_integer()}).

-define(CREDIT, 1000).
-define(BATCH, 250).

-spec start_link(pyport_config:config()) -> {ok, pid()} | {error, term()} | ignore.
start_link(#{log_domain := Domain}) ->
    gen_server:start_link({local, ?MODULE}, ?MODULE, Domain, [{spawn_opt, [{message_queue_data, off_heap}]}]).

%% @doc LOG events that a port program may send before it is given more.
-spec credit() -> pos_integer().
credit() -> ?CREDIT.

%% @doc The body of a LOG event.
-spec event(binary()) -> ok.
event(Body) -> gen_server:cast(?MODULE, {log, Body}).

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
    _ = give(?CREDIT),
    {ok, #state{domain = Domain}}.

-spec handle_cast(term(), #state{}) -> {noreply, #state{}} | {noreply, #state{}, 0}.
handle_cast({log, Body}, #state{domain = Domain, owed = Owed} = State) ->
    ok = log(py_protocol:log(Body), Domain),
    paid(State#state{owed = Owed + 1});
handle_cast({cast_failed, Body}, #state{domain = Domain} = State) ->
    ok = failed(py_protocol:cast_failed(Body), Domain),
    paid(State);
handle_cast({refused, Body}, State) ->
    ?LOG_WARNING("the port program refused a frame: ~tp", [py_protocol:failure(Body)], #{domain => [pyport]}),
    paid(State);
handle_cast(_, State) -> paid(State).

-spec handle_info(term(), #state{}) -> {noreply, #state{}} | {noreply, #state{}, 0}.
handle_info(timeout, #state{owed = Owed} = State) ->
    ok = give(Owed),
    {noreply, State#state{owed = 0}};
handle_info(_, State) -> paid(State).

-spec handle_call(term(), gen_server:from(), #state{}) -> {reply, {error, unknown_request}, #state{}}.
handle_call(_Request, _From, State) -> {reply, {error, unknown_request}, State}.

%% Full batches at once, the rest when nothing else is to be done.
paid(#state{owed = Owed} = State) when Owed >= ?BATCH ->
    ok = give(Owed),
    {noreply, State#state{owed = 0}};
paid(#state{owed = 0} = State) -> {noreply, State};
paid(State) -> {noreply, State, 0}.

give(0) -> ok;
give(Credit) ->
    case py_context:find() of
        {ok, Context} ->
            _ = py_request:post(Context, ?OP_LOG_CREDIT, 0, py_protocol:encode(Credit)),
            ok;
        {down, _} -> ok
    end.

log(#{stream := Stream, level := Level, logger := Logger, interpreter := Interpreter, text := Text}, Domain) ->
    logger:log(Level, "~ts", [Text],
               #{domain => Domain, stream => Stream, python_logger => Logger, interpreter => Interpreter}).

failed({exception, {Type, #{message := Message, traceback := Traceback}}}, Domain) ->
    logger:log(warning, "py:cast failed: ~ts: ~ts~n~ts", [name(Type), Message, lists:join($\n, Traceback)],
               #{domain => Domain});
failed({error, Error}, Domain) ->
    logger:log(warning, "py:cast failed: ~tp", [Error], #{domain => Domain}).

name(Type) when is_atom(Type) -> atom_to_binary(Type, utf8);
name(Type) -> Type.

-spec format_status(gen_server:format_status()) -> gen_server:format_status().
format_status(Status) -> maps:map(fun hide/2, Status).
