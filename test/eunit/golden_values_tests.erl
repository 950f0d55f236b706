%% test/golden/values.txt: the node reads each ETF as the Erlang term that stands beside it.
-module(golden_values_tests).

-include_lib("eunit/include/eunit.hrl").

means_test_() ->
    [{binary_to_list(Name), ?_assertEqual(evaluate(Text), binary_to_term(<<131, Etf/binary>>))}
     || #{name := Name, etf := Etf, erlang := Text} <- golden:values(), is_binary(Etf), is_binary(Text)].

%% What is read back from the port program is an ETF of these forms: each is what this node writes too,
%% but for pids and the like, whose form is their node's, and atoms, whose form is the release's.
all_kinds_are_there_test() ->
    Kinds = [Kind || #{kind := Kind} <- golden:values()],
    ?assertEqual([both, fetch, opaque, refuse_pickle, refuse_term, store], lists:usort(Kinds)),
    ?assert(length(Kinds) > 100).

evaluate(Text) ->
    {ok, Tokens, _} = erl_scan:string(unicode:characters_to_list(<<Text/binary, ".">>)),
    {ok, Expressions} = erl_parse:parse_exprs(Tokens),
    {value, Term, _} = erl_eval:exprs(Expressions, []),
    Term.
