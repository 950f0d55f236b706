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
                                   {table_dir, "/tmp", <<"/tmp">>}, {max_table_bytes, 1 bsl 20, 1 bsl 20},
                                   {max_dict_bytes, 1, 1}, {max_dict_keys, infinity, infinity}, {max_key_bytes, 65535, 65535},
                                   {max_dicts, 7, 7}, {max_dicts_per_owner, 7, 7},
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
                          {table_dir, ["/no/such/folder", "/etc/passwd", "", shm]}, {max_table_bytes, [0, 1000, infinity]},
                          {max_dict_bytes, [0, x]}, {max_dict_keys, [-1]}, {max_key_bytes, [0, 65536, infinity]},
                          {max_dicts, [0]}, {max_dicts_per_owner, [0, 1.0]},
                          {pools, [nonsense, [science], [{"science", #{}}], #{'$1' => #{}}, #{science => #{isolation => thread}},
                                   #{science => nonsense}, #{default => [size]}]},
                          {program, [1, pyport]}],
        Given <- Givens].

unknown_key_test() ->
    {error, {bad_config, interpeters, Why}} = pyport_config:load([{interpeters, 4}]),
    ?assertNotEqual(nomatch, binary:match(Why, <<"interpreters">>)).

not_options_test_() ->
    [?_assertMatch({error, {bad_config, Key, _}}, pyport_config:load(Given))
     || {Given, Key} <- [{nonsense, options}, {[interpreters], options}, {[{interpreters, 1} | x], options}, {["x"], options}]].

%%% Pools

%% The default pool takes what stood there before there were pools; what `pools' says of it is nearer.
default_pool_test() ->
    {ok, #{pools := Pools}} = pyport_config:load([{interpreters, 3}, {python_path, ["/a"]}, {max_queue, 7}]),
    ?assertMatch(#{default := #{isolation := interpreter, size := 3, python_path := [<<"/a">>], max_queue := 7}}, Pools),
    ?assertEqual(1, map_size(Pools)),
    [begin
         {ok, #{pools := #{default := Default}}} = pyport_config:load([{interpreters, 3}, {max_queue, 7}, {pools, [{default, Given}]}]),
         ?assertMatch(#{isolation := process, size := 2, max_queue := 7}, Default)
     end || Given <- [#{isolation => process, size => 2}, [{isolation, process}, {size, 2}]]],
    ?assertMatch({ok, #{pools := #{default := #{isolation := process, size := 3}}}},
                 pyport_config:load([{interpreters, 3}, {pools, #{default => #{isolation => process}}}])).

more_pools_test() ->
    {ok, #{pools := Pools}} = pyport_config:load(#{python_path => ["/a"],
                                                   pools => #{science => #{isolation => process}, plain => [{path, ["/b"]}]}}),
    ?assertMatch(#{default := _, science := #{isolation := process, python_path := [<<"/a">>]}, plain := #{python_path := [<<"/b">>]}},
                 Pools).

%% Which pool, and which of its options.
bad_pool_is_named_test() ->
    {error, {bad_config, pools, Why}} = pyport_config:load([{pools, #{science => #{isolaton => process}}}]),
    [?assertNotEqual(nomatch, binary:match(Why, Word)) || Word <- [<<"science">>, <<"isolaton">>, <<"isolation">>]].

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
