-module(py_handle_tests).

-include_lib("eunit/include/eunit.hrl").

new_test() ->
    All = [py_handle:new() || _ <- lists:seq(1, 1000)],
    ?assertEqual(1000, length(lists:usort(All))),
    ?assert(lists:all(fun(Bits) -> byte_size(Bits) =:= 16 end, All)).

local_test() ->
    Bits = py_handle:new(),
    Handle = py_handle:of_bits(Bits),
    ?assert(py_handle:is_handle(Handle)),
    ?assertEqual({local, Bits}, py_handle:route(Handle)).

route_test_() ->
    Bits = <<7:128>>,
    [?_assertEqual({local, Bits}, py_handle:route({'$pyport_dict', nonode@nohost, Bits})),
     ?_assertEqual({remote, other@host}, py_handle:route({'$pyport_dict', other@host, Bits}))].

not_a_handle_test_() ->
    [[?_assertNot(py_handle:is_handle(Term)), ?_assertEqual(not_a_handle, py_handle:route(Term))]
     || Term <- [x, {}, {'$pyport_dict', node(), <<1:120>>}, {'$pyport_dict', "node", <<1:128>>}, <<1:128>>,
                 {'$pyport_dict', node(), <<1:128>>, more}, {dict, node(), <<1:128>>}, {'$pyport_dict', node(), <<1:129>>}]].
