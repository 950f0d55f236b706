-module(py_etf_tests).

-include_lib("eunit/include/eunit.hrl").

%% Every kind of term may stand before the atom that is not known.
finds_behind_test_() ->
    Fun = fun(X) -> {X, self()} end,
    Terms = [0, 255, -1, 1 bsl 31, 1 bsl 62, -(1 bsl 70), 1 bsl 3000, 1.5, a, 'süß', <<"b">>, <<1:3>>, [], "string",
             [1, a | b], {}, {1, {2}}, #{a => #{}}, self(), make_ref(), hd(erlang:ports()), fun lists:map/2, Fun,
             list_to_tuple(lists:seq(1, 300)), lists:seq(1, 1000)],
    [?_assertEqual({unknown_atom, <<"nobody_knows_me_yet">>}, py_etf:unknown_atom(behind(Term)))
     || Term <- Terms].

behind(Term) ->
    <<131, Encoded/binary>> = term_to_binary(Term),
    <<131, 104, 2, Encoded/binary, 119, 19, "nobody_knows_me_yet">>.

old_tags_test_() ->
    Name = "nobody_knows_me_yet",
    [?_assertEqual({unknown_atom, <<"nobody_knows_me_yet">>}, py_etf:unknown_atom(Bytes))
     || Bytes <- [iolist_to_binary([131, 118, <<19:16>>, Name]),
                  iolist_to_binary([131, 115, 19, Name]),
                  iolist_to_binary([131, 100, <<19:16>>, Name]),
                  iolist_to_binary([131, 104, 2, 99, binary:copy(<<"0">>, 31), 119, 19, Name]),
                  iolist_to_binary([131, 88, 119, 19, Name, <<0:96>>])]].

none_test_() ->
    [?_assertEqual(none, py_etf:unknown_atom(Bytes))
     || Bytes <- [term_to_binary({a, [b, #{c => 1}]}), <<>>, <<131>>, <<131, 255>>, <<131, 109, 9:32, "short">>, <<"x">>]].

%% Broken input ends, and makes no atom.
truncated_test() ->
    Whole = behind({[1, 2.5, <<"x">>], #{a => self()}}),
    Before = erlang:system_info(atom_count),
    [py_etf:unknown_atom(binary_part(Whole, 0, N)) || N <- lists:seq(0, byte_size(Whole))],
    ?assertEqual(Before, erlang:system_info(atom_count)).
