%% Linearizability: what Erlang processes and Python threads of several interpreters and OS processes see of one dict,
%% while OS processes are killed, is what one after the other would have seen. And the test that says so finds
%% dicts of which it is not true.
-module(py_linear_SUITE).

-export([all/0, groups/0, suite/0, init_per_group/2, end_per_group/2]).
-export([one_clock/1, values_are_the_same/1, histories/1, histories_with_kills/1, whole_histories/1,
         whole_histories_with_kills/1, faults_of_erlang_are_found/1, faults_of_python_are_found/1,
         whole_faults_of_erlang_are_found/1, whole_faults_of_python_are_found/1, lost_update/1, stale_read/1, half_write/1]).

-include_lib("common_test/include/ct.hrl").
-include_lib("stdlib/include/assert.hrl").

-define(HISTORIES, 250).
-define(WITH_KILLS, 50).
-define(WHOLE, 50).       % of each theme
-define(WHOLE_WITH_KILLS, 40).
-define(AT_MOST, 2000).   % histories until a fault is found

suite() -> [{timetrap, {minutes, 5}}].

all() -> [{group, table}, {group, broken_table}].

groups() ->
    [{table, [one_clock, values_are_the_same, histories, histories_with_kills, whole_histories, whole_histories_with_kills,
              faults_of_erlang_are_found, faults_of_python_are_found, whole_faults_of_erlang_are_found,
              whole_faults_of_python_are_found]},
     {broken_table, [lost_update, stale_read, half_write]}].

init_per_group(table, Config) -> start(Config, []);
init_per_group(broken_table, Config) ->
    ct:timetrap({minutes, 30}),
    [{program, broken_program()} | Config].

end_per_group(table, Config) -> stop(Config);
end_per_group(broken_table, _) -> ok.

start(Config, Options) ->
    Started = py_ct:start(Config, [{interpreters, 2} | Options]),
    ok = linear_env:start(),
    Started.

stop(Config) ->
    ok = linear_env:stop(),
    py_ct:stop(Config).

%% The times of both sides can be compared: each reading lies between two of the other side.
one_clock(_Config) ->
    [begin
         Before = linear_clock:now_ns(),
         {ok, There} = py:call(linear_client, clock, []),
         After = linear_clock:now_ns(),
         ?assert(Before < There andalso There < After, {Before, There, After})
     end || _ <- lists:seq(1, 200)].

%% Each side makes the same value of a number, and knows it when it gets it.
values_are_the_same(_Config) ->
    {ok, SD} = py:shared_dict_new(),
    [begin
         Number = linear_value:number(Client, N, Form),
         Value = linear_value:encode(Number),
         ?assertEqual({ok, Value}, py:call(linear_client, encoded, [Number])),
         ?assertEqual({ok, {3, Number, <<>>}}, py:call(linear_client, decoded, [Value])),
         ok = py:shared_dict_set(SD, Form, Value),
         ?assertEqual({value, Number}, linear_value:decode(py:shared_dict_get(SD, Form)))
     end || Client <- [1, 9], N <- [1, 20], Form <- lists:seq(0, linear_value:forms() - 1)],
    ok = py:shared_dict_destroy(SD).

histories(_Config) -> all_linearizable(?HISTORIES, [register], {0, 1}).

%% What was acknowledged is there, and what was not is there or not, but never half.
histories_with_kills(_Config) ->
    #{kills := Kills} = all_linearizable(?WITH_KILLS, [register], {1, 1}),
    ?assert(Kills > ?WITH_KILLS div 2).

%% The operations that are about more than the value of one key: numbers, claims, batches and transactions, keys that
%% expire, lists, locks.
whole_histories(_Config) -> [all_linearizable(?WHOLE, [Theme], {0, 1}) || Theme <- linear_steps:themes()].

whole_histories_with_kills(_Config) ->
    #{kills := Kills} = all_linearizable(?WHOLE_WITH_KILLS, linear_steps:themes() -- [lock], {1, 1}),
    ?assert(Kills > ?WHOLE_WITH_KILLS div 2).

all_linearizable(Histories, Themes, Kills) ->
    case linear_run:run(Histories, linear_env:env(Themes, right, right, Kills)) of
        {ok, Counts} ->
            ct:pal("~p: ~ts", [Themes, linear_run:summary(Counts)]),
            Counts;
        {error, Text, Counts} -> ct:fail("~ts~n~ts", [linear_run:summary(Counts), Text])
    end.

%% The test is worth something only if it fails for dicts that are wrong in a small way.
faults_of_erlang_are_found(_Config) -> [found(Fault, register, Fault, right) || Fault <- linear_faults:faults()].

faults_of_python_are_found(_Config) -> [found(Fault, register, right, Fault) || Fault <- linear_faults:faults()].

whole_faults_of_erlang_are_found(_Config) ->
    [found(Fault, Theme, Fault, right) || {Fault, Theme} <- linear_whole_faults:faults()].

whole_faults_of_python_are_found(_Config) ->
    [found(Fault, Theme, right, Fault) || {Fault, Theme} <- linear_whole_faults:faults()].

found(Fault, Theme, Erlang, Python) ->
    Env = linear_env:env([Theme], Erlang, Python, {0, 1}),
    {error, Text, #{violations := 1} = Counts} = linear_run:run(?AT_MOST, Env),
    ct:log("~p: ~ts~n~ts", [Fault, linear_run:summary(Counts), Text]).

%%% The same with a table in the port program that is wrong: test/broken

lost_update(Config) -> broken_table(Config, lost_update).

stale_read(Config) -> broken_table(Config, stale_read).

half_write(Config) -> broken_table(Config, half_write).

broken_table(Config, Fault) ->
    os:putenv("PYPORT_BROKEN_TABLE", atom_to_list(Fault)),
    Started = start(Config, [{program, ?config(program, Config)}]),
    try found(Fault, register, right, right)
    after
        os:unsetenv("PYPORT_BROKEN_TABLE"),
        stop(Started)
    end.

%% Built now, if it is not there yet, by the preset that was configured last.
broken_program() ->
    Root = root(py_ct:data("python")),
    Cache = fun(Preset) -> filename:join([Root, "build", Preset, "CMakeCache.txt"]) end,
    Presets = lists:sort([{filelib:last_modified(Cache(Preset)), Preset}
                          || Preset <- ["ci", "dev"], filelib:is_regular(Cache(Preset))]),
    Preset = case Presets of [] -> "dev"; _ -> element(2, lists:last(Presets)) end,
    Said = os:cmd("cd '" ++ Root ++ "' && scripts/build-preset " ++ Preset ++ " pyport_broken 2>&1"),
    Program = filename:join([Root, "build", Preset, "priv", "pyport_broken"]),
    ?assert(filelib:is_regular(Program), Said),
    Program.

root("/") -> ct:fail(no_scripts);
root(Folder) ->
    case filelib:is_regular(filename:join(Folder, "scripts/build-preset")) of
        true -> Folder;
        false -> root(filename:dirname(Folder))
    end.
