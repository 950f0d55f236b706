-module(py_death_tests).

-include_lib("eunit/include/eunit.hrl").

worker_test_() ->
    Pid = self(),
    [?_assertEqual(Map#{stderr_tail => <<"tail">>}, py_death:worker(Cause, <<"tail">>))
     || {Cause, Map} <- [{py_death:of_status(7), #{reason => exited, exit_status => 7}},
                         {py_death:of_status(0), #{reason => exited, exit_status => 0}},
                         {py_death:of_status(128 + 11), #{reason => signal, signal => 11}},
                         {py_death:of_status(5), #{reason => {stuck_call, unknown}, exit_status => 5}},
                         {py_death:of_status(6), #{reason => out_of_memory, exit_status => 6}},
                         {{stuck_call, Pid}, #{reason => {stuck_call, Pid}, exit_status => 5}},
                         {heartbeat_timeout, #{reason => heartbeat_timeout, signal => 9}},
                         {{refused, {bad_config, <<"preload: x">>}}, #{reason => {bad_config, <<"preload: x">>}}},
                         {shutdown, #{reason => shutdown}}, {killed, #{reason => killed}}, {epipe, #{reason => epipe}}]].

%% What the heir of a killed py_port answers with, and what a py_port does.
already_told_test() ->
    Told = py_death:worker({signal, 9}, <<"t">>),
    ?assertEqual(Told, py_death:worker(Told)),
    ?assertEqual(#{reason => killed, stderr_tail => <<>>}, py_death:worker(killed)).

text_test_() ->
    [?_assertEqual(Text, lists:flatten(py_death:text(Cause)))
     || {Cause, Text} <- [{{signal, 9}, "{signal,9}"}, {{exit_status, 6}, "no memory was left for it"},
                          {{stuck_call, unknown}, "a call did not stop"}, {{refused, why}, "why"},
                          {{stuck_call, self()}, lists:flatten(io_lib:format("a call of ~p did not stop", [self()]))}]].
