%% Integers that many change at once: cells of a SharedDict beside those of atomic-dict.
-module(bench_cells).

-export([run/1]).

-define(POOL, bench_cells).

%% atomic-dict does not support interpreters beside the main one: both are measured in one OS process.
-spec run(map()) -> ok.
run(#{folder := Folder, rounds := Rounds, slice_ms := Ms}) ->
    Venv = filename:join([Folder, "..", "..", ".setup", "yardsticks"]),
    Python = case filelib:is_regular(filename:join(Venv, "complete")) of
                 true -> #{python => Venv};
                 false -> #{}
             end,
    ok = py:start_pool(?POOL, Python#{isolation => process, size => 1, python_path => [Folder]}),
    {ok, SD} = py:shared_dict_new(),
    {ok, Rows} = py:call(cells_bench, compare, [SD, Rounds, Ms], #{}, #{pool => ?POOL, timeout => infinity}),
    ok = py:shared_dict_destroy(SD),
    ok = py:stop_pool(?POOL),
    bench_text:title("Python: additions that many do at once, beside atomic-dict, nanoseconds an operation"),
    bench_text:table(["operation", "SharedDict", "atomic-dict", "ratio"], [[Name | cells(Cells)] || [Name | Cells] <- Rows]).

cells([Ours, none, none]) -> [bench_text:ns(Ours), "not installed", "-"];
cells([Ours, Theirs, Ratio]) -> [bench_text:ns(Ours), bench_text:ns(Theirs), bench_text:ratio(Ratio)].
