%% test/python inside the port program: one case a file of Python tests, in every interpreter.
-module(py_python_SUITE).

-export([all/0, suite/0, init_per_suite/1, end_per_suite/1]).
-export([all_tests/1, in_parallel/1]).

-include_lib("common_test/include/ct.hrl").
-include_lib("stdlib/include/assert.hrl").

suite() -> [{timetrap, {minutes, 5}}].

all() -> [all_tests, in_parallel].

init_per_suite(Config) -> py_ct:start(Config, [{python_path, [tests()]}, {call_timeout, 240000}]).

end_per_suite(Config) -> py_ct:stop(Config).

all_tests(_Config) -> passed(run([])).

%% Both interpreters at once, each with a dict of its own.
in_parallel(_Config) ->
    Runs = [begin
                {ok, SD} = py:shared_dict_new(),
                py:spawn_call(run_tests, run, [SD, []])
            end || _ <- [1, 2]],
    [passed(py:await(Run)) || Run <- Runs].

run(Names) ->
    {ok, SD} = py:shared_dict_new(),
    py:call(run_tests, run, [SD, Names]).

passed({ok, #{<<"run">> := Run, <<"failed">> := Failed, <<"texts">> := Texts}}) ->
    [ct:pal("~ts", [Text]) || Text <- Texts],
    ct:pal("~b Python tests ran, ~b failed", [Run, Failed]),
    ?assert(Run > 20),
    ?assertEqual(0, Failed);
passed(Error) -> ct:fail(Error).

tests() -> above(py_ct:data("python")).

above("/") -> ct:fail(no_python_tests);
above(Folder) ->
    case [Path || Path <- [filename:join(Folder, "python"), filename:join([Folder, "test", "python"])],
                  filelib:is_regular(filename:join(Path, "run_tests.py"))] of
        [Path | _] -> Path;
        [] -> above(filename:dirname(Folder))
    end.
