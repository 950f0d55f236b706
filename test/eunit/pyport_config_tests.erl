-module(pyport_config_tests).

-include_lib("eunit/include/eunit.hrl").

defaults_test() ->
    {ok, Config} = pyport_config:load([]),
    ?assertMatch(#{python := <<>>, python_path := [], max_frame := 67108864, call_timeout := 30000,
                   start_timeout := 60000, max_in_flight := 10000, max_queue := 10000,
                   log_domain := [pyport, python], none := none}, Config),
    ?assertEqual(min(4, erlang:system_info(schedulers_online)), maps:get(interpreters, Config)),
    ?assertEqual(<<"pyport">>, filename:basename(maps:get(program, Config))),
    ?assertEqual(<<"priv">>, filename:basename(filename:dirname(maps:get(program, Config)))).

good_test_() ->
    [{lists:flatten(io_lib:format("~p", [{Key, Given}])),
      fun() ->
              {ok, #{Key := Value}} = pyport_config:load([{Key, Given}]),
              ?assertEqual(Expected, Value)
      end}
     || {Key, Given, Expected} <- [{interpreters, 1, 1}, {interpreters, 64, 64}, {python, <<>>, <<>>}, {python, "/", <<"/">>},
                                   {python_path, ["/a", <<"/b">>], [<<"/a">>, <<"/b">>]},
                                   %% relative ones are the node's
                                   {python_path, ["a"], [filename:absname(<<"a">>)]}, {python, ".", filename:absname(<<".">>)},
                                   {max_frame, 1024, 1024},
                                   {max_frame, 1 bsl 30, 1 bsl 30}, {call_timeout, infinity, infinity},
                                   {call_timeout, 1, 1}, {none, nil, nil}, {none, undefined, undefined},
                                   {log_domain, [x], [x]}, {program, "/bin/true", <<"/bin/true">>}]].

%% The error names the key.
bad_test_() ->
    [{lists:flatten(io_lib:format("~p", [{Key, Given}])),
      fun() ->
              {error, {bad_config, Named, Why}} = pyport_config:load(#{Key => Given}),
              ?assertEqual(Key, Named),
              ?assert(is_binary(Why) andalso byte_size(Why) > 10)
      end}
     || {Key, Givens} <- [{interpreters, [0, 65, 1.0, many]}, {python, [1, '/usr', "/no/such/venv"]},
                          {python_path, ["/a", [1.5], ["/a" | "/b"], [""], nothing]}, {max_frame, [1023, (1 bsl 30) + 1]},
                          {call_timeout, [0, -1, forever, 1 bsl 32]}, {start_timeout, [0, infinity]},
                          {heartbeat_interval, [0, infinity]}, {heartbeat_timeout, [0, 10]}, {max_in_flight, [0, infinity]},
                          {max_queue, [0]}, {log_domain, [[], x, ["a"], [a | b]]}, {none, ['None', null, <<"nil">>]},
                          {program, [1, pyport]}],
        Given <- Givens].

unknown_key_test() ->
    {error, {bad_config, interpeters, Why}} = pyport_config:load([{interpeters, 4}]),
    ?assertNotEqual(nomatch, binary:match(Why, <<"interpreters">>)).

not_options_test_() ->
    [?_assertMatch({error, {bad_config, Key, _}}, pyport_config:load(Given))
     || {Given, Key} <- [{nonsense, options}, {[interpreters], options}, {[{interpreters, 1} | x], options}, {["x"], options}]].

%% Options stand above the environment, the environment above the defaults.
environment_test() ->
    ok = application:set_env(pyport, max_queue, 7),
    ok = application:set_env(pyport, max_in_flight, 8),
    try
        ?assertMatch({ok, #{max_queue := 7, max_in_flight := 9}}, pyport_config:load([{max_in_flight, 9}])),
        ok = application:set_env(pyport, max_queue, no_number),
        ?assertMatch({error, {bad_config, max_queue, _}}, pyport_config:load([]))
    after
        application:unset_env(pyport, max_queue),
        application:unset_env(pyport, max_in_flight)
    end.

program_test_() ->
    [?_assertEqual(ok, pyport_config:check_program("/bin/sh")),
     ?_assertEqual({error, {no_program, <<"/no/such">>, enoent}}, pyport_config:check_program("/no/such")),
     ?_assertEqual({error, {no_program, <<"/etc">>, not_a_file}}, pyport_config:check_program("/etc")),
     ?_assertEqual({error, {no_program, <<"/etc/passwd">>, not_executable}}, pyport_config:check_program("/etc/passwd"))].
