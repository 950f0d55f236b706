%% @private Python code to run: call, eval, exec, run, in a pool, in the namespace of the calling process.
%%
%% As in py_dict, functions return what happened; module py raises `{badarg, _}' and `{down, _}'. They take the
%% arguments of the function of py as a list (see py_forms). A job that could not be sent, since no OS process of its
%% pool was up, waits until one is; one that was sent is never sent again.
-module(py_job).

-include("py_context.hrl").
-include("py_protocol.hrl").

-export([call/1, eval/1, exec/1, run/1, spawn_call/1, await/2, interrupt/1, cancel/1, cast/1]).

-export_type([call/0, result/1]).

%% A call that could not be sent is one too: await tells why.
-record(py_call, {mark :: reference(),
                  state :: {sent, py_request:ticket(), Timer :: reference() | none}
                         | {failed, Error :: {error, term()}},
                  deadline :: py_deadline:deadline()}).
-opaque call() :: #py_call{}.

-type result(Success) :: Success | {error, term()} | {badarg, py_error:cause()} | {down, term()}.

-record(job, {pool :: atom(),
              where = home :: home | any,
              op :: py_protocol:op(),
              flags = 0 :: py_protocol:flags(),
              body :: fun((Ns :: pos_integer()) -> binary()),
              deadline = infinity :: py_deadline:deadline(),
              tries = 2 :: pos_integer()}).

-define(PAUSE, 1).   % milliseconds until a py_port has noticed that its port is closed

%%% Jobs that are waited for

-spec call([term(), ...]) -> result({ok, term()}).
call(Arguments) ->
    {_, _, [_, _, Args, Kwargs], _} = Form = py_forms:call(Arguments),
    case call_job(Form, fun converting/3) of
        {ok, Job, _} -> too_deep(run_job(Job), Args, Kwargs);
        Bad -> Bad
    end.

too_deep({error, {bad_etf, _}} = Error, Args, Kwargs) ->
    {ok, Map} = py_names:keys(Kwargs),
    py_depth:explain(Error, [Args, Map]);
too_deep(Result, _, _) -> Result.

-spec eval([term(), ...]) -> result({ok, term()}).
eval(Arguments) -> code_job(?OP_EVAL, py_forms:code(Arguments), fun converting/3).

-spec exec([term(), ...]) -> result(ok).
exec(Arguments) -> code_job(?OP_EXEC, py_forms:code(Arguments), fun placed/3).

code_job(Op, {Shift, _, [Code, Vars], _} = Form, Place) ->
    case {code(Code), py_names:keys(Vars)} of
        {error, _} -> {badarg, {1 + Shift, code}};
        {_, error} -> {badarg, {2 + Shift, variables}};
        {{ok, Text}, {ok, Map}} ->
            Body = fun(Ns) -> py_protocol:encode({Ns, Text, Map}) end,
            py_depth:explain(run_placed(Place(Form, 3, #job{pool = default, op = Op, body = Body})), [Map])
    end.

%% An atom is code too, if little: a variable's name.
code(Code) -> py_names:text(Code).

-spec run([term(), ...]) -> result(ok).
run(Arguments) ->
    {Shift, _, [File, Argv], _} = Form = py_forms:run(Arguments),
    case {file(File), py_names:texts(Argv)} of
        {error, _} -> {badarg, {1 + Shift, file}};
        {_, error} -> {badarg, {2 + Shift, argv}};
        {{ok, Path}, {ok, Args}} ->
            Body = fun(Ns) -> py_protocol:encode({Ns, Path, Args}) end,
            run_placed(placed(Form, 3, #job{pool = default, op = ?OP_RUN, body = Body}))
    end.

%% Relative to this node's folder, which may have changed since the port program was started.
file(File) ->
    case py_names:name(File) of
        {ok, Name} -> {ok, filename:absname(Name)};
        error -> error
    end.

run_placed({ok, Job}) -> run_job(Job);
run_placed(Bad) -> Bad.

run_job(#job{pool = Pool, where = Where, deadline = Deadline} = Job) ->
    case py_namespace:find(Pool, Where, py_deadline:left(Deadline)) of
        {ok, Context, Ns, Place} -> sent(send(Job, Context, Ns), Ns, Place, Job);
        none_up -> wait_for_pool(Job, fun run_job/1);
        Failure -> outcome(Failure)
    end.

send(#job{op = Op, flags = Flags, body = Body, deadline = Deadline}, Context, Ns) ->
    py_request:call(Context, Op, Flags, Body(Ns), py_deadline:left(Deadline)).

sent({down, _}, _, _, Job) -> wait_for_pool(Job, fun run_job/1);
sent({?REPLY_ERROR, _} = Reply, Ns, Place, #job{tries = Tries} = Job) when Tries > 1 ->
    again(outcome(Reply), Ns, Place, Job);
sent(Reply, _, _, _) -> outcome(Reply).

%% A port program that does not know the namespace is given another one, once.
again({error, no_namespace}, Ns, Place, #job{pool = Pool, deadline = Deadline, tries = Tries} = Job) ->
    case py_namespace:renew(Pool, Place, Ns, py_deadline:left(Deadline)) of
        {ok, _, _, _} -> run_job(Job#job{tries = Tries - 1});
        none_up -> wait_for_pool(Job, fun run_job/1);
        Failure -> outcome(Failure)
    end;
again(Outcome, _, _, _) -> Outcome.

%% Nothing was sent. Goes on when an OS process is up; not while the pool's start is put off.
wait_for_pool(#job{pool = Pool, deadline = Deadline} = Job, Continue) ->
    case py_pools:exists(Pool) of
        ok ->
            case py_keeper:await_up(Pool, py_deadline:left(Deadline)) of
                up ->
                    ok = timer:sleep(?PAUSE),
                    Continue(Job);
                timeout -> {error, timeout};
                {down, Why} -> {error, {worker_died, py_death:worker(Why)}}
            end;
        Failure -> Failure
    end.

%%% Jobs that are awaited later

-spec spawn_call([term(), ...]) -> result({ok, call()}).
spawn_call(Arguments) ->
    case call_job(py_forms:call(Arguments), fun converting/3) of
        {ok, Job, <<"__main__">>} -> start(Job);
        {ok, #job{flags = Flags} = Job, _} -> start(Job#job{where = any, flags = Flags bor ?FLAG_ANY});
        Bad -> Bad
    end.

start(#job{pool = Pool, where = Where, op = Op, flags = Flags, body = Body, deadline = Deadline} = Job) ->
    case py_namespace:find(Pool, Where, py_deadline:left(Deadline)) of
        {ok, Context, Ns, _} -> started(py_request:start(Context, Op, Flags, Body(Ns), py_deadline:left(Deadline)), Job);
        none_up -> unsent(wait_for_pool(Job, fun start/1), Job);
        timeout -> awaitable(make_ref(), {failed, {error, timeout}}, Deadline);
        {down, _} = Down -> Down
    end.

started({ok, {Ref, Id, #context{server = Server}} = Ticket}, #job{deadline = Deadline}) ->
    awaitable(Ref, {sent, Ticket, timer(Server, Id, Ref, py_deadline:left(Deadline))}, Deadline);
started({down, _}, Job) -> unsent(wait_for_pool(Job, fun start/1), Job);
started(Failure, #job{deadline = Deadline}) -> awaitable(make_ref(), {failed, outcome(Failure)}, Deadline).

unsent({error, _} = Error, #job{deadline = Deadline}) -> awaitable(make_ref(), {failed, Error}, Deadline);
unsent(Started, _) -> Started.

%% Its time is over also when nobody awaits it.
timer(_, _, _, infinity) -> none;
timer(Server, Id, Ref, Millis) -> py_port:expire(Server, Id, Ref, Millis).

%% The mark in the process dictionary says that this process has a result to come: nobody else's call, and
%% no call twice, can then be waited for in vain.
awaitable(Mark, State, Deadline) ->
    undefined = put({?MODULE, Mark}, awaitable),
    {ok, #py_call{mark = Mark, state = State, deadline = Deadline}}.

-spec await(term(), timeout() | default) -> result({ok, term()}).
await(#py_call{mark = Mark, state = State, deadline = Deadline}, Timeout) ->
    case {get({?MODULE, Mark}), Timeout =:= default orelse py_deadline:is_timeout(Timeout)} of
        {undefined, _} -> {badarg, {1, call}};
        {_, false} -> {badarg, {2, timeout}};
        {awaitable, true} ->
            _ = erase({?MODULE, Mark}),
            finish(State, await_time(Timeout, Deadline))
    end;
await(_, _) -> {badarg, {1, call}}.

%% The arguments are not kept, so a depth that was refused has no path.
finish({sent, Ticket, Timer}, Millis) ->
    Reply = py_request:await(Ticket, Millis),
    ok = stop_timer(Timer),
    py_depth:explain(outcome(Reply), []);
finish({failed, Error}, _) -> Error.

stop_timer(none) -> ok;
stop_timer(Timer) -> erlang:cancel_timer(Timer, [{async, true}, {info, false}]).

await_time(default, Deadline) -> py_deadline:left(Deadline);
await_time(Timeout, _) -> Timeout.

%% Any process may: it only tells the port program.
-spec interrupt(term()) -> result(ok).
interrupt(#py_call{state = {sent, {_, Id, #context{port = Port} = Context}, _}}) when node(Port) =:= node() ->
    py_request:cancel(Context, Id);
interrupt(#py_call{state = {failed, _}}) -> ok;
interrupt(_) -> {badarg, {1, call}}.

-spec cancel(term()) -> result({ok, term()}).
cancel(#py_call{} = Call) ->
    case await(Call, 0) of
        {error, timeout} -> {error, cancelled};
        Result -> Result
    end;
cancel(_) -> {badarg, {1, call}}.

-spec cast([term(), ...]) -> result(ok).
cast(Arguments) ->
    case call_job(py_forms:call(Arguments), fun placed/3) of
        {ok, Job, _} -> send_cast(Job#job{flags = ?FLAG_NO_REPLY});
        Bad -> Bad
    end.

send_cast(#job{pool = Pool, op = Op, flags = Flags, body = Body, deadline = Deadline} = Job) ->
    case py_namespace:find(Pool, home, py_deadline:left(Deadline)) of
        {ok, Context, Ns, _} ->
            case py_request:post_within(Context, Op, Flags, Body(Ns), py_deadline:left(Deadline)) of
                {down, _} -> wait_for_pool(Job, fun send_cast/1);
                timeout -> {error, timeout};
                Sent -> Sent
            end;
        none_up -> wait_for_pool(Job, fun send_cast/1);
        Failure -> outcome(Failure)
    end.

%%% Bodies

%% A spawned function of a module may run in any interpreter; one of `__main__' only where exec defined it.
call_job({Shift, _, [Module, Function, Args, Kwargs], _} = Form, Place) ->
    IsList = py_names:is_list_of(fun(_) -> true end, Args),
    case {py_names:name(Module), py_names:name(Function), IsList, py_names:keys(Kwargs)} of
        {error, _, _, _} -> {badarg, {1 + Shift, name}};
        {_, error, _, _} -> {badarg, {2 + Shift, name}};
        {_, _, false, _} -> {badarg, {3 + Shift, arguments}};
        {_, _, _, error} -> {badarg, {4 + Shift, keyword_arguments}};
        {{ok, M}, {ok, F}, true, {ok, Map}} ->
            Body = fun(Ns) -> py_protocol:encode({Ns, M, F, Args, Map}) end,
            case Place(Form, 5, #job{pool = default, op = ?OP_CALL, body = Body}) of
                {ok, Job} -> {ok, Job, M};
                Bad -> Bad
            end
    end.

%% With all options; those that give a value have `convert', too.
converting({Shift, Pool, Arguments, Options}, OptionsAt, Job) ->
    At = OptionsAt + Shift,
    case py_convert:take(Options) of
        {ok, Flags, Rest} ->
            case placed({Shift, Pool, Arguments, Rest}, OptionsAt, Job#job{flags = Flags}) of
                {badarg, {At, options}} -> {badarg, {At, call_options}};
                Placed -> Placed
            end;
        error -> {badarg, {At, convert}}
    end.

%% With the pool and the deadline of the options.
placed({Shift, Pool, _, Options}, OptionsAt, Job) ->
    case {py_forms:options(Pool, Options), py_tables:fact(call_timeout)} of
        {bad_pool, _} -> {badarg, {1, pool}};
        {bad_options, _} when is_map(Options) -> {badarg, {OptionsAt + Shift, options}};
        {bad_options, _} -> {badarg, {OptionsAt + Shift, timeout}};
        {_, unknown} -> {down, not_started};
        {{ok, Named, default}, {ok, Timeout}} -> {ok, Job#job{pool = Named, deadline = py_deadline:from_timeout(Timeout)}};
        {{ok, Named, Timeout}, _} -> {ok, Job#job{pool = Named, deadline = py_deadline:from_timeout(Timeout)}}
    end.

%%% Replies

outcome({?REPLY_OK, _}) -> ok;
outcome({?REPLY_VALUE, Body}) -> py_protocol:value(Body);
outcome({?REPLY_EXCEPTION, Body}) -> {error, py_protocol:exception(Body)};
outcome({?REPLY_ERROR, Body}) -> py_protocol:failure(Body);
outcome({died, Why}) -> {error, {worker_died, py_death:worker(Why)}};
outcome({down, _} = Down) -> Down;
outcome({error, _} = Error) -> Error;
outcome(timeout) -> {error, timeout}.
