-module(py_exceptions_tests).

-include_lib("eunit/include/eunit.hrl").

type_test_() ->
    [?_assertEqual('KeyError', py_exceptions:type(<<"KeyError">>, true)),
     ?_assertEqual('BaseExceptionGroup', py_exceptions:type(<<"BaseExceptionGroup">>, true)),
     %% one's own exception of that name is another one
     ?_assertEqual(<<"KeyError">>, py_exceptions:type(<<"KeyError">>, false)),
     ?_assertEqual(<<"json.decoder.JSONDecodeError">>, py_exceptions:type(<<"json.decoder.JSONDecodeError">>, false))].

no_new_atom_test() ->
    Before = erlang:system_info(atom_count),
    ?assertEqual(<<"BrandNewError">>, py_exceptions:type(<<"BrandNewError">>, true)),
    ?assertEqual(Before, erlang:system_info(atom_count)).
