%% Reads what lies in test/golden, which the C++ and the Python tests read too.
-module(golden).

-export([frames/0, values/0, root/0]).

%% [{Name, Frame}], the names as strings.
frames() ->
    [frame(Line) || Line <- lines("frames.txt")].

frame(Line) ->
    [Name, Hex] = binary:split(Line, <<" ">>),
    {binary_to_list(Name), unhex(Hex)}.

%% The cases of values.txt, whose head tells what they mean. Fields that are not there are `none'.
values() ->
    [value(binary:split(Line, <<" | ">>, [global])) || Line <- lines("values.txt")].

value([Name, Kind, Etf, Pickle, Erlang, Python]) ->
    #{name => Name, kind => binary_to_atom(Kind), etf => bytes(Etf), pickle => bytes(Pickle),
      erlang => text(Erlang), python => text(Python)}.

text(<<"-">>) -> none;
text(Text) -> Text.

bytes(<<"-">>) -> none;
bytes(Hex) -> unhex(Hex).

unhex(Hex) -> << <<(binary_to_integer(Byte, 16))>> || <<Byte:2/binary>> <= Hex >>.

lines(Name) ->
    {ok, Text} = file:read_file(filename:join([root(), "test", "golden", Name])),
    [Line || Line <- binary:split(Text, <<"\n">>, [global, trim_all]), binary:first(Line) =/= $#].

%% The project's folder: tests run somewhere below it, or the build folder is.
root() ->
    {ok, Here} = file:get_cwd(),
    Starts = [Here, filename:dirname(code:which(?MODULE)), filename:absname(filename:dirname(?FILE))],
    hd([Root || Start <- Starts, {ok, Root} <- [above(Start)]]).

above("/") -> none;
above(Folder) ->
    case filelib:is_regular(filename:join([Folder, "test", "golden", "frames.txt"])) of
        true -> {ok, Folder};
        false -> above(filename:dirname(Folder))
    end.
