-module(py_pool_config_tests).

-include_lib("eunit/include/eunit.hrl").

-define(DEFAULTS, #{python => <<"/venv">>, python_path => [<<"/lib">>], max_queue => 7}).

load(Given) -> py_pool_config:load(Given, ?DEFAULTS).

defaults_test() ->
    {ok, Options} = load(#{}),
    ?assertEqual(lists:sort(py_pool_config:keys()), lists:sort(maps:keys(Options))),
    ?assertMatch(#{isolation := interpreter, python := <<"/venv">>, python_path := [<<"/lib">>], max_queue := 7, env := [],
                   cwd := none, preload := [], max_memory := infinity, max_calls := infinity, max_rss := infinity,
                   on_restart := <<>>, allow_import := []}, Options).

good_test_() ->
    [{lists:flatten(io_lib:format("~p", [{Key, Given}])),
      fun() ->
              {ok, #{Key := Value}} = load([{Key, Given}]),
              ?assertEqual(Expected, Value)
      end}
     || {Key, Given, Expected} <-
            [{isolation, process, process}, {size, 64, 64}, {python, "/", <<"/">>}, {python_path, ["/a"], [<<"/a">>]},
             {cwd, "/tmp", <<"/tmp">>}, {preload, [numpy, "os.path", <<"json">>], [<<"numpy">>, <<"os.path">>, <<"json">>]},
             {max_memory, 1 bsl 20, 1 bsl 20}, {max_memory, infinity, infinity}, {max_calls, 1, 1}, {max_rss, 1 bsl 30, 1 bsl 30},
             {on_restart, "x = 1", <<"x = 1">>}, {on_restart, <<>>, <<>>}, {allow_import, [shop_c], [<<"shop_c">>]},
             {max_queue, 1, 1}, {env, #{'A' => "b"}, [{"A", "b"}]},
             {env, [{<<"A">>, <<"ü"/utf8>>}, {"B", false}], [{"A", [252]}, {"B", false}]}]].

path_is_python_path_test() ->
    ?assertMatch({ok, #{python_path := [<<"/a">>]}}, load(#{path => ["/a"]})),
    ?assertMatch({error, {path, _}}, load(#{path => ["/a"], python_path => ["/b"]})).

%% The error names the key.
bad_test_() ->
    [{lists:flatten(io_lib:format("~p", [{Key, Given}])),
      fun() ->
              {error, {Named, Why}} = load(#{Key => Given}),
              ?assertEqual(Key, Named),
              ?assert(is_binary(Why) andalso byte_size(Why) > 10)
      end}
     || {Key, Givens} <- [{isolation, [thread, <<"process">>]}, {size, [0, 65, infinity]}, {python, ["/no/such/venv"]},
                          {python_path, ["/a"]}, {cwd, ["/no/such/folder", "/etc/passwd", "", tmp]}, {preload, [numpy, [1], [""]]},
                          {max_memory, [0, 1000, -1, lots]}, {max_calls, [0]}, {max_rss, [1]}, {on_restart, [code, 1, <<255>>]},
                          {allow_import, [[<<>>]]}, {max_queue, [0, infinity]}, {isolaton, [process]},
                          {env, ["A=b", [{"A=", "b"}], [{"", "b"}], [{"A", 1}], [{"A", x}], [{"A", <<"b", 0>>}], [{<<"A", 0>>, "b"}]]}],
        Given <- Givens].

not_options_test_() ->
    [?_assertMatch({error, {options, _}}, load(Given)) || Given <- [nonsense, [size], [{size, 1} | x]]].

name_test_() ->
    [?_assert(py_pool_config:is_name(Name)) || Name <- [default, science, 'Science 2', p1]] ++
    [?_assertNot(py_pool_config:is_name(Name)) || Name <- ["p", <<"p">>, 1, '', '$table', '_', '$1']].
