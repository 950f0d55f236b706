-module(py_convert_tests).

-include_lib("eunit/include/eunit.hrl").

flags_test_() ->
    [{lists:flatten(io_lib:format("~p", [Convert])), ?_assertEqual(Flags, py_convert:flags(Convert))}
     || {Convert, Flags} <-
            [{none, {ok, 0}}, {[], {ok, 0}}, {all, {ok, 16#1f00}},
             {[set], {ok, 16#0100}}, {[datetime], {ok, 16#0200}}, {[decimal], {ok, 16#0400}}, {[uuid], {ok, 16#0800}},
             {[numpy], {ok, 16#1000}}, {[set, uuid], {ok, 16#0900}}, {[set, set], {ok, 16#0100}},
             {[set, datetime, decimal, uuid, numpy], {ok, 16#1f00}},
             {set, error}, {[sets], error}, {[all], error}, {[set | datetime], error}, {"all", error}, {<<"all">>, error},
             {true, error}, {undefined, error}, {#{}, error}, {[{set, true}], error}, {16#0100, error}]].

of_read_test_() ->
    [?_assertEqual(Flags, py_convert:of_read(Options))
     || {Options, Flags} <-
            [{#{}, {ok, 0}}, {#{convert => none}, {ok, 0}}, {#{convert => [decimal]}, {ok, 16#0400}}, {#{convert => x}, error},
             {#{convert => all, timeout => 5}, error}, {#{timeout => 5}, error}, {[], error}, {[{convert, all}], error},
             {all, error}, {5000, error}]].

take_test_() ->
    [?_assertEqual(Taken, py_convert:take(Options))
     || {Options, Taken} <-
            [{5000, {ok, 0, 5000}}, {default, {ok, 0, default}}, {infinity, {ok, 0, infinity}}, {#{}, {ok, 0, #{}}},
             {#{pool => p}, {ok, 0, #{pool => p}}},
             {#{convert => all}, {ok, 16#1f00, #{}}}, {#{convert => none, timeout => 5}, {ok, 0, #{timeout => 5}}},
             {#{convert => [uuid], pool => p}, {ok, 16#0800, #{pool => p}}}, {#{convert => yes, pool => p}, error},
             {[convert], {ok, 0, [convert]}}]].
