-module(py_forms_tests).

-include_lib("eunit/include/eunit.hrl").

call_test_() ->
    [{lists:flatten(io_lib:format("~p", [Arguments])), ?_assertEqual(Form, py_forms:call(Arguments))}
     || {Arguments, Form} <-
            [{[m, f, [1]], {0, none, [m, f, [1], #{}], default}},
             {[m, "f", "args"], {0, none, [m, "f", "args", #{}], default}},
             {[m, f, x], {0, none, [m, f, x, #{}], default}},
             {[m, f, [1], #{a => 1}], {0, none, [m, f, [1], #{a => 1}], default}},
             {[m, f, [], [{a, 1}]], {0, none, [m, f, [], [{a, 1}]], default}},
             {[m, f, [1], #{}, 5], {0, none, [m, f, [1], #{}], 5}},
             {[p, m, f, [1]], {1, p, [m, f, [1], #{}], default}},
             {[p, "m", <<"f">>, []], {1, p, ["m", <<"f">>, [], #{}], default}},
             {[p, m, f, [1], #{a => 1}], {1, p, [m, f, [1], #{a => 1}], default}},
             {[p, m, f, [1], #{a => 1}, 5], {1, p, [m, f, [1], #{a => 1}], 5}},
             %% six are of one form only
             {[p, m, "f", [1], #{}, 5], {1, p, [m, "f", [1], #{}], 5}}]].

code_test_() ->
    [{lists:flatten(io_lib:format("~p", [Arguments])), ?_assertEqual(Form, py_forms:code(Arguments))}
     || {Arguments, Form} <-
            [{["1"], {0, none, ["1", #{}], default}},
             {[x, #{x => 1}], {0, none, [x, #{x => 1}], default}},
             {[x, [{x, 1}]], {0, none, [x, [{x, 1}]], default}},
             {[x, [y]], {0, none, [x, [y]], default}},
             {[x, []], {0, none, [x, []], default}},
             {[<<"1">>, x], {0, none, [<<"1">>, x], default}},
             {[<<"1">>, #{}, 5], {0, none, [<<"1">>, #{}], 5}},
             {[p, <<"1">>], {1, p, [<<"1">>, #{}], default}},
             {[p, "1 + 1"], {1, p, ["1 + 1", #{}], default}},
             {[p, ["1", " + 1"]], {1, p, [["1", " + 1"], #{}], default}},
             {[p, x], {1, p, [x, #{}], default}},
             {[p, "x", #{x => 1}], {1, p, ["x", #{x => 1}], default}},
             {[p, "x", #{x => 1}, #{timeout => 5}], {1, p, ["x", #{x => 1}], #{timeout => 5}}}]].

run_test_() ->
    [{lists:flatten(io_lib:format("~p", [Arguments])), ?_assertEqual(Form, py_forms:run(Arguments))}
     || {Arguments, Form} <-
            [{["f", []], {0, none, ["f", []], default}},
             {["f", [], 5], {0, none, ["f", []], 5}},
             {[file, ["a"], infinity], {0, none, [file, ["a"]], infinity}},
             {["f", [], #{pool => p}], {0, none, ["f", []], #{pool => p}}},
             {[p, "f", ["a"]], {1, p, ["f", ["a"]], default}},
             {[p, "f", [], 5], {1, p, ["f", []], 5}}]].

options_test_() ->
    [{lists:flatten(io_lib:format("~p", [{Pool, Options}])), ?_assertEqual(Result, py_forms:options(Pool, Options))}
     || {Pool, Options, Result} <-
            [{none, default, {ok, default, default}}, {none, 5, {ok, default, 5}}, {none, infinity, {ok, default, infinity}},
             {none, 0, {ok, default, 0}}, {none, #{}, {ok, default, default}}, {p, #{}, {ok, p, default}},
             {none, #{timeout => 5}, {ok, default, 5}}, {none, #{pool => p}, {ok, p, default}},
             {none, #{pool => p, timeout => infinity}, {ok, p, infinity}},
             {p, default, {ok, p, default}}, {p, 5, {ok, p, 5}}, {p, #{timeout => 5}, {ok, p, 5}},
             {p, #{pool => p}, {ok, p, default}}, {p, #{pool => q}, bad_options},
             {none, -1, bad_options}, {none, 1 bsl 32, bad_options}, {none, soon, bad_options}, {none, #{timeout => soon}, bad_options},
             {none, #{timeot => 5}, bad_options}, {none, #{timeout => 5, x => 1}, bad_options}, {none, #{pool => "p"}, bad_options},
             {"p", default, bad_pool}, {1, 5, bad_pool}]].
