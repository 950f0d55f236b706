-module(py_port_spec_tests).

-include_lib("eunit/include/eunit.hrl").

config() ->
    {ok, Config} = pyport_config:load([{max_dicts, 5}, {none, nil}]),
    Config.

python(Given) ->
    {ok, Options} = pyport_config:pool(Given, config()),
    py_port_spec:python(science, Options, config()).

facts() ->
    #{table => <<"/dev/shm/t">>, node => node(), node_pid => 1, stderr => <<"/dev/shm/e">>, log_credit => 9}.

%% py_protocol:hello/1 looks whether all keys of the role are there, and no others.
table_test() ->
    Hello = py_port_spec:hello(py_port_spec:table(config()), facts()),
    ?assertMatch(#{role := table, none := nil, table := <<"/dev/shm/t">>,
                   limits := #{max_dicts := 5, max_dict_keys := 16#ffffffffffffffff, max_key_bytes := 65535,
                               max_table_bytes := 8589934592}}, Hello),
    ?assert(is_binary(py_protocol:hello(Hello))).

python_test_() ->
    [fun() ->
             Hello = py_port_spec:hello(python(Given), facts()),
             ?assertEqual(Interpreters, maps:get(interpreters, Hello)),
             ?assertMatch(#{role := python, pool := science, stderr := <<"/dev/shm/e">>, max_memory := 0}, Hello),
             ?assert(is_binary(py_protocol:hello(Hello)))
     end || {Given, Interpreters} <- [{#{size => 3}, 3}, {#{size => 3, isolation => process}, 1}]].

max_memory_test() ->
    ?assertMatch(#{max_memory := 1073741824}, py_port_spec:hello(python(#{max_memory => 1 bsl 30}), facts())).

surroundings_test() ->
    Common = py_port_spec:open_options(py_port_spec:table(config())),
    ?assertEqual([], [Option || {Key, _} = Option <- Common, Key =:= env orelse Key =:= cd]),
    Options = py_port_spec:open_options(python(#{env => #{a => "b"}, cwd => "/tmp"})),
    ?assertEqual({[{"a", "b"}], <<"/tmp">>}, {proplists:get_value(env, Options), proplists:get_value(cd, Options)}),
    ?assertEqual(undefined, proplists:get_value(cd, py_port_spec:open_options(python(#{})))).
