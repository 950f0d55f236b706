%% Lets Erlang processes and Python threads work off a program on one dict at the same time, kills OS processes
%% meanwhile, and gives the history of what was asked and answered.
-module(linear_recorder).

-export([run/2]).

-export_type([env/0, outcome/0]).

-define(AHEAD, 400000).   % nanoseconds from the last client's being ready until all begin

-type call() :: fun((linear_program:place(), Function :: atom(), Args :: [term()]) -> {ok, term()} | term()).
-type env() :: #{folder := file:filename(),       % for the files that Python's clients write; in memory
                 %% Calls a function of linear_client.py in a place, and waits for its end.
                 call := call(),
                 %% The OS process of a victim, now.
                 os_pid := fun((linear_program:victim()) -> pos_integer() | none),
                 %% Returns when all that was killed is there again.
                 recovered := fun(() -> term()),
                 killer := port(),                % a shell
                 erlang_fault := linear_faults:fault() | linear_whole_faults:fault(),
                 python_fault := linear_faults:fault() | linear_whole_faults:fault(),
                 _ => _}.
-type outcome() :: #{history := linear:history(),
                     refused := linear:history(), % answered with an error that says that nothing was done
                     killed := [linear_program:victim()],
                     troubles := [term()]}.       % what must not happen, whatever the history says

%% @doc The history on a dict of its own, which is destroyed afterwards.
-spec run(linear_program:program(), env()) -> outcome().
run(#{kind := Kind, erlang := Erlang, python := [{Place, _} | _] = Python, kills := Kills} = Program, Env) ->
    {ok, SD} = py:shared_dict_new(),
    Object = linear_kind:object(Kind, SD, Place, Env),
    Callers = start_python(Kind, length(Erlang) + 1, Python, Object, Env),
    Clients = [linear_client:start(Kind, Client, linear_kind:numbered(Kind, Client, Steps), Object, Env)
               || {Client, Steps} <- lists:enumerate(Erlang)],
    Ready = [linear_python:await_ready(Caller) || {_, Caller} <- Callers],
    Begin = linear_clock:now_ns() + ?AHEAD,
    [ok = linear_python:begin_at(Caller, Begin) || {_, Caller} <- Callers],
    [ok = linear_client:begin_at(Client, Begin) || Client <- Clients],
    Killed = kill_all(Kills, Begin, Callers, Env),
    Told = [linear_client:await(Client) || Client <- Clients],
    Ends = [linear_python:await_end(Caller) || {_, Caller} <- Callers],
    [await_death(Pid) || {_, Pid} <- Killed],
    _ = Killed =/= [] andalso (maps:get(recovered, Env))(),
    Written = [linear_python:finish(Caller) || {_, Caller} <- Callers],
    Looked = linear_kind:look(Program, Object, Env),
    ok = py:shared_dict_destroy(SD),
    {Refused, History} = lists:partition(fun is_refused/1, lists:append(Told ++ Written ++ Looked)),
    #{history => History, refused => Refused, killed => [Victim || {Victim, _} <- Killed],
      troubles => lists:append([trouble(R, E, Killed) || {R, E} <- lists:zip(Ready, Ends)])}.

start_python(_, _, [], _, _) -> [];
start_python(Kind, Client, [{Place, Programs} | Others], SD, Env) ->
    Next = Client + length(Programs),
    Numbered = [linear_kind:numbered(Kind, N, Steps) || {N, Steps} <- lists:zip(lists:seq(Client, Next - 1), Programs)],
    Caller = linear_python:start(Kind, Place, Client, Numbered, SD, Env),
    [{Place, Caller} | start_python(Kind, Next, Others, SD, Env)].

is_refused(#{result := {refused, _}}) -> true;
is_refused(#{}) -> false.

%% A call ends well, or its process was killed.
trouble({ready, _}, {ok, <<"done">>}, _) -> [];
trouble({ready, Pid}, {error, {worker_died, _}} = End, Killed) -> [End || not lists:keymember(Pid, 2, Killed)];
trouble(Ready, End, _) -> [{Ready, End}].

%%% Kills

%% At their moments, in their order.
kill_all(Kills, Begin, Callers, Env) ->
    lists:foldl(fun({Victim, After}, Killed) -> kill(Victim, Begin + 1000 * After, Callers, Env, Killed) end, [],
                lists:keysort(2, Kills)).

%% The shell is there already: to kill takes it some microseconds.
kill(Victim, Moment, Callers, #{killer := Killer} = Env, Killed) ->
    Pid = os_pid(Victim, Callers, Env),
    case is_integer(Pid) andalso not lists:keymember(Pid, 2, Killed) of
        true ->
            linear_clock:wait_until(Moment),
            true = port_command(Killer, ["kill -9 ", integer_to_list(Pid), "\n"]),
            [{Victim, Pid} | Killed];
        false -> Killed
    end.

%% A client has said it itself.
os_pid(Victim, Callers, #{os_pid := OsPid}) ->
    case lists:keyfind(Victim, 1, Callers) of
        {_, Caller} -> linear_python:os_pid(Caller);
        false -> OsPid(Victim)
    end.

%% A process that is gone, or a zombie, writes nothing any more.
await_death(Pid) ->
    case file:read_file(["/proc/", integer_to_list(Pid), "/stat"]) of
        {ok, Stat} ->
            [_, <<State, _/binary>>] = binary:split(Stat, <<") ">>),
            State =:= $Z orelse begin timer:sleep(1), await_death(Pid) end;
        {error, _} -> true
    end.
