%% Many histories, made by PropEr, recorded and checked; and what was done, counted.
-module(linear_run).

-export([run/2, add/2, summary/1]).

-export_type([counts/0]).

-type counts() :: #{histories := non_neg_integer(), operations := non_neg_integer(), unanswered := non_neg_integer(),
                    kills := non_neg_integer(), refused := non_neg_integer(), violations := non_neg_integer(),
                    troubles := non_neg_integer()}.

%% @doc Stops at the first history that is not linearizable, or during which something happened that must not; the
%% text says what it was.
-spec run(pos_integer(), #{places := [linear_program:place()], victims := [linear_program:victim()],
                           kills := {Programs :: non_neg_integer(), Of :: pos_integer()},
                           themes := [register | linear_steps:theme()], _ => _}) ->
          {ok, counts()} | {error, iodata(), counts()}.
run(Histories, Env) ->
    %% in a process of its own, with which go the namespaces that it has in the pools
    {Pid, Monitor} = spawn_monitor(fun() -> exit({done, many(Histories, Env)}) end),
    receive
        {'DOWN', Monitor, process, Pid, {done, Result}} -> Result;
        {'DOWN', Monitor, process, Pid, Why} -> {error, io_lib:format("~p~n", [Why]), (zero())#{troubles := 1}}
    end.

many(Histories, Env) ->
    Killer = open_port({spawn_executable, "/bin/sh"}, [binary]),
    true = port_command(Killer, "exec 2>/dev/null\n"),   % who is dead already
    Folder = folder(),
    put(?MODULE, {zero(), none}),
    Tools = Env#{killer => Killer, folder => Folder},
    Property = proper:forall(linear_program:program(Env), fun(Program) -> is_fine(Program, Tools) end),
    %% a history cannot be had again: the checker shrinks what was seen, PropEr would only look for another
    Result = try proper:quickcheck(Property, [{numtests, Histories}, noshrink, quiet])
             after
                 port_close(Killer),
                 file:del_dir_r(Folder)
             end,
    {Counts, Wrong} = erase(?MODULE),
    case {Result, Wrong} of
        {true, none} -> {ok, Counts};
        {false, _} when Wrong =/= none -> {error, Wrong, Counts};
        {Other, _} -> {error, io_lib:format("~p~n", [Other]), Counts}
    end.

%% In memory, where there is such a place.
folder() ->
    Base = case filelib:is_dir("/dev/shm") of true -> "/dev/shm"; false -> "/tmp" end,
    Name = "linear-" ++ os:getpid() ++ "-" ++ integer_to_list(erlang:unique_integer([positive])),
    Folder = filename:join(Base, Name),
    ok = file:make_dir(Folder),
    Folder.

zero() -> #{histories => 0, operations => 0, unanswered => 0, kills => 0, refused => 0, violations => 0, troubles => 0}.

is_fine(Program, Env) ->
    {Counts, _} = get(?MODULE),
    {More, Wrong} = try checked(maps:get(kind, Program), linear_recorder:run(Program, Env))
                    catch
                        Class:Why:Stack ->
                            {(zero())#{troubles := 1}, erl_error:format_exception(Class, Why, Stack)}
                    end,
    put(?MODULE, {add(More, Counts), Wrong}),
    Wrong =:= none.

checked(Kind, #{history := History, refused := Refused, killed := Killed, troubles := Troubles}) ->
    Checked = linear:check(linear_kind:completed(History), linear_kind:model(Kind)),
    Unanswered = [Operation || #{result := unknown} = Operation <- History],
    {#{histories => 1, operations => length(History), unanswered => length(Unanswered), kills => length(Killed),
       refused => length(Refused), violations => case Checked of ok -> 0; _ -> 1 end, troubles => length(Troubles)},
     wrong(Checked, Troubles)}.

wrong(ok, []) -> none;
wrong(ok, Troubles) -> [io_lib:format("TROUBLE ~0p~n", [Trouble]) || Trouble <- Troubles];
wrong({violation, Violation}, Troubles) ->
    [linear_report:format(Violation), [wrong(ok, Troubles) || Troubles =/= []],
     io_lib:format("The whole history of that key:~n~p~n", [maps:get(history, Violation)])].

-spec add(counts(), none | counts()) -> counts().
add(Counts, none) -> Counts;
add(Counts, More) -> maps:map(fun(What, N) -> N + maps:get(What, More) end, Counts).

%% @doc One line.
-spec summary(counts()) -> iodata().
summary(#{histories := Histories, operations := Operations, unanswered := Unanswered, kills := Kills,
          refused := Refused, violations := Violations, troubles := Troubles}) ->
    io_lib:format("~b histories, ~b operations (~b unanswered, ~b refused), ~b kills: ~b violations, ~b troubles",
                  [Histories, Operations, Unanswered, Refused, Kills, Violations, Troubles]).
