%% @private Keeps the port programs of one pool, or the table's, running.
%%
%% It starts as many as there shall be, side by side, and another for each that ends: at once, or after a while when
%% one after the other ends quickly (py_backoff). One that has done enough (py_recycle) gets its successor
%% first and is drained then:
%%
%% ```
%% old: up ................ recycle -> (new is up) -> drain -> no calls left -> end
%% new:                        start -> up .....................................
%% '''
%%
%% Whether one takes calls is read from py_context, which the ports write themselves; here is only who is to be
%% waited for.
-module(py_keeper).

-behaviour(gen_server).

-include_lib("kernel/include/logger.hrl").

-export([start_link/1, await_up/2, restart_all/2]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2]).

-type kept() :: #{number := pos_integer(),
                  status := starting | up | draining,
                  since := integer(),                      % when it became what it is
                  replaces := pid() | none,
                  is_replaced := boolean()}.               % its successor is being started, or there

-record(state, {role :: py_backoff:role(),
                pool :: atom(),
                ports = #{} :: #{pid() => kept()},
                backoffs = #{} :: #{pos_integer() => py_backoff:backoff()},
                waiters = [] :: [gen_server:from()],
                last = none :: none | py_death:worker() | term()}).   % how the last one ended

-define(RETRY_RECYCLING, 30000).   % milliseconds after a successor that did not come up

%% @doc For the first time, returns when all are up, or tells why one is not.
-spec start_link({py_backoff:role(), atom()}) -> {ok, pid()} | {error, term()} | ignore.
start_link(What) -> gen_server:start_link(?MODULE, What, []).

%% @doc Waits until a port program takes requests, as long as one may soon: not while the next start is put
%% off. `down' tells how the last one ended.
-spec await_up(atom(), timeout()) -> up | {down, term()} | timeout.
await_up(Pool, Timeout) ->
    case py_tables:server({keeper, Pool}) of
        {ok, Keeper} ->
            try gen_server:call(Keeper, await_up, Timeout)
            catch
                exit:{timeout, _} -> timeout;
                exit:{_, {gen_server, call, _}} -> {down, shutdown}
            end;
        none -> {down, not_started}
    end.

%% @doc Ends all of them, and starts others; those who wait are told `Why'.
-spec restart_all(atom(), py_death:cause()) -> ok.
restart_all(Pool, Why) ->
    case py_tables:server({keeper, Pool}) of
        {ok, Keeper} -> gen_server:cast(Keeper, {restart_all, Why});
        none -> ok
    end.

%%% Server

-spec init({py_backoff:role(), atom()}) -> {ok, #state{}} | {stop, term()}.
init({Role, Pool}) ->
    IsFirst = py_tables:server({keeper, Pool}) =:= none,
    ok = py_context:forget_dead(Pool),
    State = lists:foldl(fun start/2, #state{role = Role, pool = Pool}, lists:seq(1, size(Role, Pool))),
    case IsFirst of
        true -> await_all(State);
        false -> registered(State)   % a crash of ours is no reason to end the whole when Python cannot start now
    end.

size(table, _) -> 1;
size(python, Pool) ->
    case py_tables:pool(Pool) of
        {ok, #{isolation := process, size := Size}} -> Size;
        {ok, #{isolation := interpreter}} -> 1
    end.

registered(#state{pool = Pool} = State) ->
    ok = py_tables:put_server({keeper, Pool}, self()),
    {ok, State}.

await_all(#state{ports = Ports} = State) ->
    case [Pid || {Pid, #{status := starting}} <- maps:to_list(Ports)] of
        [] -> registered(State);
        [_ | _] ->
            receive
                {up, Pid} -> await_all(up(Pid, State));
                {'DOWN', _, process, Pid, Why} when is_map_key(Pid, Ports) -> {stop, not_up(Why)}
            end
    end.

not_up({shutdown, {refused, Why, _}}) -> Why;
not_up({shutdown, {died, Cause, _, _}}) -> {port_down, Cause};
not_up(Why) -> {port_down, Why}.

-spec handle_call(term(), gen_server:from(), #state{}) -> {reply, term(), #state{}} | {noreply, #state{}}.
handle_call(await_up, From, #state{waiters = Waiters, ports = Ports, last = Last} = State) ->
    case {takes_requests(State), map_size(Ports)} of
        {true, _} -> {reply, up, State};
        {false, 0} -> {reply, {down, Last}, State};
        {false, _} -> {noreply, State#state{waiters = [From | Waiters]}}
    end;
handle_call(_Request, _From, State) -> {reply, {error, unknown_request}, State}.

takes_requests(#state{role = table}) ->
    case py_context:find() of
        {ok, _} -> true;
        {down, _} -> false
    end;
takes_requests(#state{pool = Pool}) -> py_context:ports(Pool) =/= [].

-spec handle_cast(term(), #state{}) -> {noreply, #state{}}.
handle_cast({restart_all, Why}, #state{ports = Ports} = State) ->
    ok = lists:foreach(fun(Pid) -> py_port:stop(Pid, Why) end, maps:keys(Ports)),
    {noreply, State};
handle_cast(_Request, State) -> {noreply, State}.

-spec handle_info(term(), #state{}) -> {noreply, #state{}}.
handle_info({up, Pid}, State) -> {noreply, up(Pid, State)};
handle_info({recycle, Pid, Why}, State) -> {noreply, recycle(Pid, Why, State)};
handle_info({start, Number}, State) -> {noreply, start(Number, State)};
handle_info({'DOWN', _, process, Pid, Why}, State) -> {noreply, down(Pid, Why, State)};
handle_info(_Message, State) ->
    ?LOG_WARNING("py_keeper got a message that it does not know", #{domain => [pyport]}),
    {noreply, State}.

%%% Start

start(Number, State) -> start(Number, none, State).

start(Number, Replaces, #state{role = Role, pool = Pool, ports = Ports} = State) ->
    {ok, Supervisor} = py_tables:server({ports, Pool}),
    {ok, Pid} = supervisor:start_child(Supervisor, [spec(Role, Pool), self()]),
    _ = erlang:monitor(process, Pid),
    State#state{ports = Ports#{Pid => #{number => Number, status => starting, since => now_ms(), replaces => Replaces,
                                        is_replaced => false}}}.

%% As the pool is now: on_restart may have been given since.
spec(table, _) -> py_port_spec:table(config());
spec(python, Pool) ->
    {ok, Options} = py_tables:pool(Pool),
    py_port_spec:python(Pool, Options, config()).

config() ->
    {ok, Config} = py_tables:fact(config),
    Config.

up(Pid, #state{ports = Ports, waiters = Waiters} = State) ->
    #{Pid := #{replaces := Replaces} = Kept} = Ports,
    _ = [py_port:drain(Replaces) || is_map_key(Replaces, Ports)],
    ok = tell(Waiters, up),
    Now = maps:map(fun(P, K) when P =:= Replaces -> K#{status := draining};
                      (_, K) -> K
                   end, Ports#{Pid := Kept#{status := up, since := now_ms(), replaces := none}}),
    State#state{ports = Now, waiters = []}.

tell(Waiters, What) -> lists:foreach(fun(From) -> gen_server:reply(From, What) end, Waiters).

%%% End

down(Pid, Why, #state{pool = Pool, ports = Ports} = State) ->
    ok = py_context:forget(Pool, Pid),
    case maps:take(Pid, Ports) of
        {Kept, Rest} -> after_death(Kept, Why, known_end(Why, State#state{ports = Rest}));
        error -> State
    end.

%% Somebody took its place already, or will.
after_death(#{is_replaced := true}, _, State) -> State;
after_death(#{replaces := Replaces, number := Number}, Why, #state{ports = Ports} = State)
  when is_map_key(Replaces, Ports) ->
    ok = log_refusal(Why, State),
    _ = erlang:send_after(?RETRY_RECYCLING, self(), {recycle, Replaces, again}),
    _ = Number,
    #{Replaces := Old} = Ports,
    State#state{ports = Ports#{Replaces := Old#{is_replaced := false}}};
after_death(#{number := Number} = Kept, Why, #state{role = Role, backoffs = Backoffs} = State) ->
    ok = log_refusal(Why, State),
    ok = about_the_file(Role, Why),
    Backoff = maps:get(Number, Backoffs, py_backoff:new()),
    {Delay, Next} = py_backoff:died(Role, lifetime(Kept, Why), Backoff),
    again(Number, Delay, State#state{backoffs = Backoffs#{Number => Next}}).

about_the_file(table, {shutdown, {refused, Why, _}}) -> py_table_file:refused(py_shared:file(), Why);
about_the_file(_, _) -> ok.

%% One that was of use is no sign of a crash loop; nor is one that a call has ended.
lifetime(#{status := starting}, _) -> never;
lifetime(_, {shutdown, {died, {stuck_call, _}, _, _}}) -> served;
lifetime(_, {shutdown, {died, _, _, true}}) -> served;
lifetime(#{since := Since}, _) -> now_ms() - Since.

again(Number, 0, State) -> start(Number, State);
again(Number, Delay, State) ->
    _ = erlang:send_after(Delay, self(), {start, Number}),
    give_up_waiting(State).

%% Nobody waits for what is put off; unless another one is being started.
give_up_waiting(#state{ports = Ports, waiters = Waiters, last = Last} = State) when map_size(Ports) =:= 0 ->
    ok = tell(Waiters, {down, Last}),
    State#state{waiters = []};
give_up_waiting(State) -> State.

known_end({shutdown, {died, Cause, Tail, _}}, State) -> State#state{last = told(Cause, Tail, State)};
known_end({shutdown, {refused, {port_down, Cause}, Tail}}, State) -> State#state{last = told(Cause, Tail, State)};
known_end({shutdown, {refused, Why, Tail}}, State) -> State#state{last = told({refused, Why}, Tail, State)};
known_end({shutdown, recycled}, State) -> State;
known_end({shutdown, Cause}, State) -> State#state{last = told(Cause, <<>>, State)};
known_end(killed, State) -> State#state{last = told(killed, <<>>, State)};
known_end(_, State) -> State#state{last = told(crashed, <<>>, State)}.

told(Cause, _, #state{role = table}) -> py_death:reason(Cause);
told(Cause, Tail, _) -> py_death:worker(Cause, Tail).

log_refusal({shutdown, {refused, Why, Tail}}, #state{pool = Pool}) ->
    ?LOG_ERROR("a port program of ~ts could not be started: ~tp~ts", [py_program:name(Pool), Why, said(Tail)],
               #{domain => [pyport], pool => Pool});
log_refusal(_, _) -> ok.

said(<<>>) -> "";
said(Tail) -> ["; it said: ", py_stderr:lines(Tail)].

%%% Recycling

recycle(Pid, Why, #state{ports = Ports, pool = Pool} = State) ->
    case Ports of
        #{Pid := #{number := Number, status := up, is_replaced := false} = Kept} ->
            ?LOG_INFO("an OS process of pool ~tp is replaced: ~tp", [Pool, Why], #{domain => [pyport], pool => Pool}),
            start(Number, Pid, State#state{ports = Ports#{Pid := Kept#{is_replaced := true}}});
        #{} -> State
    end.

now_ms() -> erlang:monotonic_time(millisecond).
