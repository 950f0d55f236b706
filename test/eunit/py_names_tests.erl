-module(py_names_tests).

-include_lib("eunit/include/eunit.hrl").

text_test_() ->
    [?_assertEqual(Expected, py_names:text(Given))
     || {Given, Expected} <- [{<<"a">>, {ok, <<"a">>}}, {"a", {ok, <<"a">>}}, {a, {ok, <<"a">>}}, {"", {ok, <<>>}},
                              {"süß", {ok, <<"süß"/utf8>>}}, {'süß', {ok, <<"süß"/utf8>>}},
                              {[<<"a">>, $b], {ok, <<"ab">>}},
                              {<<255>>, error}, {[16#d800], error}, {[a], error}, {[1 | 2], error}, {1, error},
                              {#{}, error}, {<<1:3>>, error}]].

name_test_() ->
    [?_assertEqual({ok, <<"x">>}, py_names:name(x)), ?_assertEqual(error, py_names:name(<<>>)),
     ?_assertEqual(error, py_names:name("")), ?_assertEqual(error, py_names:name(''))].

texts_test_() ->
    [?_assertEqual({ok, [<<"a">>, <<"b">>, <<>>]}, py_names:texts(["a", b, <<>>])),
     ?_assertEqual({ok, []}, py_names:texts([])),
     ?_assertEqual(error, py_names:texts(["a", 1])),
     ?_assertEqual(error, py_names:texts(["a" | "b"])),
     ?_assertEqual(error, py_names:texts(a))].

keys_test_() ->
    [?_assertEqual({ok, #{<<"a">> => 1, <<"b">> => 2, <<"c">> => 3}}, py_names:keys(#{a => 1, "b" => 2, <<"c">> => 3})),
     ?_assertEqual({ok, #{<<"a">> => 1, <<"b">> => true}}, py_names:keys([{a, 1}, b])),
     ?_assertEqual(error, py_names:keys(#{a => 1, <<"a">> => 2})),
     ?_assertEqual(error, py_names:keys([{a, 1}, {a, 2}])),
     ?_assertEqual(error, py_names:keys(#{1 => 2})),
     ?_assertEqual(error, py_names:keys(#{<<>> => 2})),
     ?_assertEqual(error, py_names:keys([{a, 1} | b])),
     ?_assertEqual(error, py_names:keys(nonsense))].
