%% Values of the linearizability tests: each is made of its number alone, all through, in forms and sizes that differ
%% much. Whoever gets a value sees of which set it came, and that it is whole: nothing of another write in it, and
%% nothing missing. test/ct/data/python/linear_client.py makes the same ones. Pure.
-module(linear_value).

-export([number/3, encode/1, decode/1, forms/0]).

-define(FORMS, 16).

%% @doc The number of the value that a client sets with its N-th operation.
-spec number(pos_integer(), pos_integer(), 0..15) -> pos_integer().
number(Client, N, Form) -> (Client * 1000 + N) * ?FORMS + Form.

-spec forms() -> pos_integer().
forms() -> ?FORMS.

%% The form stands in the number: an integer, a text, a list or a dict, from some bytes to some 100 KiB.
-spec encode(pos_integer()) -> term().
encode(Number) ->
    case Number rem ?FORMS of
        Form when Form < 4 -> Number;
        4 -> text(Number, 1);
        5 -> text(Number, 6);
        6 -> text(Number, 40);
        7 -> text(Number, 400);
        8 -> text(Number, 3000);
        9 -> text(Number, 20000);
        10 -> list(Number, 2);
        11 -> list(Number, 30);
        12 -> list(Number, 500);
        13 -> dict(Number, 3);
        14 -> dict(Number, 20);
        15 -> dict(Number, 200)
    end.

text(Number, Times) -> binary:copy(<<(integer_to_binary(Number))/binary, $;>>, Times).

list(Number, Times) -> lists:duplicate(Times, Number).

dict(Number, Times) -> #{<<"number">> => Number, <<"parts">> => list(Number, Times)}.

%% @doc What was got, as a result for the checker: a half written value is none that anybody set.
-spec decode(term()) -> {value, pos_integer()} | {broken, term()}.
decode(Value) ->
    case claimed(Value) of
        Number when is_integer(Number), Number > 0 ->
            case encode(Number) of
                Value -> {value, Number};
                _ -> {broken, summary(Value)}
            end;
        _ -> {broken, summary(Value)}
    end.

claimed(Number) when is_integer(Number) -> Number;
claimed([Number | _]) -> Number;
claimed(#{<<"number">> := Number}) -> Number;
claimed(Text) when is_binary(Text) ->
    try binary_to_integer(hd(binary:split(Text, <<";">>)))
    catch error:badarg -> none
    end;
claimed(_) -> none.

summary(Text) when is_binary(Text) ->
    {byte_size(Text), bytes, of_parts(binary:split(Text, <<";">>, [global, trim]))};
summary(List) when is_list(List) -> {length(List), elements, of_parts(List)};
summary(#{<<"number">> := Number, <<"parts">> := Parts}) when is_list(Parts) -> {dict, Number, summary(Parts)};
summary(Other) -> Other.

of_parts(Parts) -> [{Part, length([P || P <- Parts, P =:= Part])} || Part <- lists:sublist(lists:usort(Parts), 5)].
