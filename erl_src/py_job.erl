%% @private Python code to run: call, eval, exec, run, in the namespace of the calling process.
%%
%% As in py_dict, functions return what happened; module py raises `{badarg, _}' and `{down, _}'. The port
%% program's death before a job was sent is `{down, Why}', during it `{error, {worker_died, Why}}'.
-module(py_job).

-include("py_context.hrl").
-include("py_protocol.hrl").

-export([call/5, eval/3, exec/3, run/3, spawn_call/5, await/2, cast/4]).

-export_type([call/0, result/1]).

%% A call that could not be sent is one too: await tells why.
-record(py_call, {mark :: reference(),
                  state :: {sent, py_request:ticket()} | {failed, Error :: {error, term()}},
                  deadline :: integer() | infinity}).
-opaque call() :: #py_call{}.

-type result(Success) :: Success | {error, term()} | {badarg, py_error:cause()} | {down, term()}.
-type job() :: fun((Ns :: pos_integer()) -> binary()).

%%% Jobs that are waited for

-spec call(term(), term(), term(), term(), term()) -> result({ok, term()}).
call(Module, Function, Args, Kwargs, Timeout) ->
    case call_job(Module, Function, Args, Kwargs) of
        {ok, Job, _} -> too_deep(run_job(?OP_CALL, Job, 5, Timeout), Args, Kwargs);
        Bad -> Bad
    end.

too_deep({error, {bad_etf, _}} = Error, Args, Kwargs) ->
    {ok, Map} = py_names:keys(Kwargs),
    py_depth:explain(Error, [Args, Map]);
too_deep(Result, _, _) -> Result.

-spec eval(term(), term(), term()) -> result({ok, term()}).
eval(Code, Vars, Timeout) -> code_job(?OP_EVAL, Code, Vars, Timeout).

-spec exec(term(), term(), term()) -> result(ok).
exec(Code, Vars, Timeout) -> code_job(?OP_EXEC, Code, Vars, Timeout).

code_job(Op, Code, Vars, Timeout) ->
    case {code(Code), py_names:keys(Vars)} of
        {error, _} -> {badarg, {1, code}};
        {_, error} -> {badarg, {2, variables}};
        {{ok, Text}, {ok, Map}} ->
            Result = run_job(Op, fun(Ns) -> py_protocol:encode({Ns, Text, Map}) end, 3, Timeout),
            py_depth:explain(Result, [Map])
    end.

%% An atom is code too, if little: a variable's name.
code(Code) -> py_names:text(Code).

-spec run(term(), term(), term()) -> result(ok).
run(File, Argv, Timeout) ->
    case {file(File), py_names:texts(Argv)} of
        {error, _} -> {badarg, {1, file}};
        {_, error} -> {badarg, {2, argv}};
        {{ok, Path}, {ok, Args}} ->
            run_job(?OP_RUN, fun(Ns) -> py_protocol:encode({Ns, Path, Args}) end, 3, Timeout)
    end.

%% Relative to this node's folder, which may have changed since the port program was started.
file(File) ->
    case py_names:name(File) of
        {ok, Name} -> {ok, filename:absname(Name)};
        error -> error
    end.

run_job(Op, Job, TimeoutPosition, Timeout) ->
    case py_context:find() of
        {ok, #context{} = Context} ->
            case timeout(Timeout, Context) of
                error -> {badarg, {TimeoutPosition, timeout}};
                Millis -> in_namespace(Context, Op, Job, deadline(Millis), 2)
            end;
        Down -> Down
    end.

%% A port program that does not know the namespace is given another one, once.
in_namespace(Context, Op, Job, Deadline, Tries) ->
    case py_owner:namespace(Context) of
        {ok, Ns} ->
            case py_request:call(Context, Op, 0, Job(Ns), left(Deadline)) of
                {?REPLY_ERROR, Body} when Tries > 1 ->
                    again(outcome({?REPLY_ERROR, Body}), Context, Ns, Op, Job, Deadline, Tries);
                Reply -> outcome(Reply)
            end;
        Down -> Down
    end.

again({error, no_namespace}, Context, Ns, Op, Job, Deadline, Tries) ->
    case py_owner:renew_namespace(Context, Ns) of
        {ok, _} -> in_namespace(Context, Op, Job, Deadline, Tries - 1);
        Down -> Down
    end;
again(Outcome, _, _, _, _, _, _) -> Outcome.

%%% Jobs that are awaited later

-spec spawn_call(term(), term(), term(), term(), term()) -> result({ok, call()}).
spawn_call(Module, Function, Args, Kwargs, Timeout) ->
    case {call_job(Module, Function, Args, Kwargs), py_context:find()} of
        {{ok, Job, Flags}, {ok, Context}} ->
            case timeout(Timeout, Context) of
                error -> {badarg, {5, timeout}};
                Millis -> start(Context, Flags, Job, deadline(Millis))
            end;
        {{badarg, _} = Bad, _} -> Bad;
        {_, Down} -> Down
    end.

start(Context, Flags, Job, Deadline) ->
    case py_owner:namespace(Context) of
        {ok, Ns} ->
            case py_request:start(Context, ?OP_CALL, Flags, Job(Ns)) of
                {ok, {Ref, _, _} = Ticket} -> awaitable(Ref, {sent, Ticket}, Deadline);
                {error, _} = Error -> awaitable(make_ref(), {failed, Error}, Deadline);
                Down -> Down
            end;
        Down -> Down
    end.

%% The mark in the process dictionary says that this process has a result to come: nobody else's call, and
%% no call twice, can then be waited for in vain.
awaitable(Mark, State, Deadline) ->
    undefined = put({?MODULE, Mark}, awaitable),
    {ok, #py_call{mark = Mark, state = State, deadline = Deadline}}.

-spec await(term(), timeout() | default) -> result({ok, term()}).
await(#py_call{mark = Mark, state = State, deadline = Deadline}, Timeout) ->
    case {get({?MODULE, Mark}), valid_timeout(Timeout)} of
        {undefined, _} -> {badarg, {1, call}};
        {_, false} -> {badarg, {2, timeout}};
        {awaitable, true} ->
            _ = erase({?MODULE, Mark}),
            finish(State, await_time(Timeout, Deadline))
    end;
await(_, _) -> {badarg, {1, call}}.

%% The arguments are not kept, so a depth that was refused has no path.
finish({sent, Ticket}, Millis) -> py_depth:explain(outcome(py_request:await(Ticket, Millis)), []);
finish({failed, Error}, _) -> Error.

await_time(default, Deadline) -> left(Deadline);
await_time(Timeout, _) -> Timeout.

-spec cast(term(), term(), term(), term()) -> result(ok).
cast(Module, Function, Args, Kwargs) ->
    case {call_job(Module, Function, Args, Kwargs), py_context:find()} of
        {{ok, Job, _}, {ok, Context}} -> send_cast(Context, Job);
        {{badarg, _} = Bad, _} -> Bad;
        {_, Down} -> Down
    end.

send_cast(Context, Job) ->
    case py_owner:namespace(Context) of
        {ok, Ns} -> py_request:post(Context, ?OP_CALL, ?FLAG_NO_REPLY, Job(Ns));
        Down -> Down
    end.

%%% Bodies

%% A function of a module may run in any interpreter; one of `__main__' only where exec defined it.
-spec call_job(term(), term(), term(), term()) -> {ok, job(), py_protocol:flags()} | {badarg, py_error:cause()}.
call_job(Module, Function, Args, Kwargs) ->
    IsList = py_names:is_list_of(fun(_) -> true end, Args),
    case {py_names:name(Module), py_names:name(Function), IsList, py_names:keys(Kwargs)} of
        {error, _, _, _} -> {badarg, {1, name}};
        {_, error, _, _} -> {badarg, {2, name}};
        {_, _, false, _} -> {badarg, {3, arguments}};
        {_, _, _, error} -> {badarg, {4, keyword_arguments}};
        {{ok, M}, {ok, F}, true, {ok, Map}} ->
            {ok, fun(Ns) -> py_protocol:encode({Ns, M, F, Args, Map}) end, flags(M)}
    end.

flags(<<"__main__">>) -> 0;
flags(_) -> ?FLAG_ANY.

%%% Replies

outcome({?REPLY_OK, _}) -> ok;
outcome({?REPLY_VALUE, Body}) -> py_protocol:value(Body);
outcome({?REPLY_EXCEPTION, Body}) -> {error, py_protocol:exception(Body)};
outcome({?REPLY_ERROR, Body}) -> py_protocol:failure(Body);
outcome({died, Why}) -> {error, {worker_died, Why}};
outcome({down, _} = Down) -> Down;
outcome({error, _} = Error) -> Error;
outcome(timeout) -> {error, timeout}.

%%% Time

%% Milliseconds of a timeout that a user gave; `default' is the configured one.
-spec timeout(term(), py_context:context()) -> timeout() | error.
timeout(default, #context{call_timeout = Timeout}) -> Timeout;
timeout(Timeout, _) ->
    case valid_timeout(Timeout) of
        true -> Timeout;
        false -> error
    end.

valid_timeout(default) -> true;
valid_timeout(infinity) -> true;
valid_timeout(Timeout) -> is_integer(Timeout) andalso Timeout >= 0 andalso Timeout =< 16#ffffffff.

deadline(infinity) -> infinity;
deadline(Millis) -> erlang:monotonic_time(millisecond) + Millis.

left(infinity) -> infinity;
left(Deadline) -> max(0, Deadline - erlang:monotonic_time(millisecond)).
