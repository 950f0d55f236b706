-module(py_file_names_tests).

-include_lib("eunit/include/eunit.hrl").

-define(HERE, <<"pid:[4026531836]">>).

name() -> py_file_names:table(4711, <<"2620555">>, ?HERE, <<16#0abc:16>>).

table_test() ->
    ?assertMatch({match, _}, re:run(name(), "^pyport-4711-2620555-[0-9a-f]{4}0abc$")),
    ?assertEqual(<<"/x/", (name())/binary, ".stderr-3">>, py_file_names:stderr(<<"/x/", (name())/binary>>, 3)).

parse_test_() ->
    [?_assertMatch({ok, 4711, <<"2620555">>, _}, py_file_names:parse(Name))
     || Name <- [name(), py_file_names:stderr(name(), 12), <<(name())/binary, ".new">>]] ++
    [?_assertEqual(error, py_file_names:parse(Name))
     || Name <- [<<>>, <<"pyport-1-2">>, <<"pyport-1-2-0123456">>, <<"pyport-1-2-012345678">>, <<"pyport-0-2-01234567">>,
                 <<"pyport-1-2-0123456G">>, <<"xpyport-1-2-01234567">>, <<"pyport-1-2-01234567.old">>, <<"pyport-1-2-01234567\n">>,
                 <<"pyport--2-01234567">>, <<"pyport-1-2-01234567.stderr-">>]].

%% Only what is known to be a dead node's.
stale_test() ->
    Living = fun(4711, <<"2620555">>) -> true; (_, _) -> false end,
    Other = py_file_names:table(4711, <<"1">>, ?HERE, <<1:16>>),
    Elsewhere = py_file_names:table(4711, <<"1">>, <<"pid:[1]">>, <<1:16>>),
    ?assertNot(py_file_names:is_stale(name(), ?HERE, Living)),
    ?assertNot(py_file_names:is_stale(py_file_names:stderr(name(), 1), ?HERE, Living)),
    ?assert(py_file_names:is_stale(Other, ?HERE, Living)),
    ?assert(py_file_names:is_stale(py_file_names:stderr(Other, 1), ?HERE, Living)),
    ?assertNot(py_file_names:is_stale(Elsewhere, ?HERE, Living)),
    ?assertNot(py_file_names:is_stale(<<"pyport-of-somebody">>, ?HERE, Living)).

name_of_a_dict_test() ->
    Bits = <<1, 16#ab, 0:112>>,
    Hex = "01ab" ++ lists:duplicate(28, $0),
    ?assertEqual(list_to_binary("pyport-1-2-3:" ++ Hex ++ ":a@b"), py_file_names:dict(<<"/dev/shm/pyport-1-2-3">>, Bits, 'a@b')),
    ?assertEqual(list_to_binary("/dev/shm/x/t:" ++ Hex ++ ":a@b"), py_file_names:dict(<<"/dev/shm/x/t">>, Bits, 'a@b')),
    ?assertEqual(list_to_binary("/srv/t:" ++ Hex ++ ":a@b"), py_file_names:dict(<<"/srv/t">>, Bits, 'a@b')).
