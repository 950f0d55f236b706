%% Packages that do not support interpreters with a GIL each, in parallel in OS processes of their own.
-module(bench_packages).

-export([run/1]).

-define(POOL, bench_packages).

%% numpy sorting in one process of a pool, and in two at a time; the whole work is the same.
-spec run(map()) -> ok.
run(#{folder := Folder} = Effort) ->
    Venv = filename:join([Folder, "..", "..", ".setup", "packages"]),
    bench_text:title("numpy in a pool with isolation => process"),
    case filelib:is_regular(filename:join(Venv, "complete")) of
        true -> measure(Venv, Effort);
        false -> bench_text:note("Not measured: the packages for tests are not installed (scripts/setup test).")
    end.

measure(Venv, #{rounds := Rounds, slice_ms := Ms, folder := Folder}) ->
    ok = py:start_pool(?POOL, #{isolation => process, size => 2, python => Venv, python_path => [Folder],
                                preload => [numpy], env => #{"OPENBLAS_NUM_THREADS" => "1"}}),
    {ok, Sorts} = py:call(?POOL, numpy_bench, sorts_in, [Ms / 1000]),
    Pairs = [{time(1, 2 * Sorts), time(2, Sorts)} || _ <- lists:seq(1, Rounds)],
    Opened = [{Size, opened(Size, Rounds)} || Size <- [1, 10, 100]],
    ok = py:stop_pool(?POOL),
    {One, Two} = {bench_measure:median([A || {A, _} <- Pairs]), bench_measure:median([B || {_, B} <- Pairs])},
    bench_text:table([io_lib:format("~b sorts of 100,000 numbers", [2 * Sorts]), "ms", "speed-up"],
                     [["one process", bench_text:us(One / 1000), "1.00"],
                      ["two processes", bench_text:us(Two / 1000), bench_text:ratio(One / Two)]]),
    bench_text:title("Opening a numpy array that lies in a dict"),
    bench_text:table(["size", "sd[k], us", "just after pickle.loads", "pickle.loads, us", "times as fast"],
                     [[io_lib:format("~b MB", [Size]), bench_text:us(Ours), bench_text:us(First), bench_text:us(Pickle),
                       bench_text:ratio(Pickle / Ours)] || {Size, [Ours, First, Pickle]} <- Opened]).

opened(Size, Rounds) ->
    {ok, SD} = py:shared_dict_new(),
    {ok, Times} = py:call(numpy_bench, opened, [SD, Size, max(Rounds, 5)], #{}, #{pool => ?POOL, timeout => infinity}),
    ok = py:shared_dict_destroy(SD),
    Times.

%% Microseconds until so many processes have done so many sorts each.
time(Processes, Sorts) ->
    {Us, _} = timer:tc(fun() ->
                               Calls = [py:spawn_call(?POOL, numpy_bench, sort, [Sorts]) || _ <- lists:seq(1, Processes)],
                               [{ok, none} = py:await(Call, infinity) || Call <- Calls]
                       end),
    Us.
