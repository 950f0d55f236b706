%% Reads test/golden/frames.txt, which the C++ tests read too.
-module(golden).

-export([frames/0, root/0]).

%% [{Name, Frame}], the names as strings.
frames() ->
    {ok, Text} = file:read_file(filename:join([root(), "test", "golden", "frames.txt"])),
    [frame(Line) || Line <- binary:split(Text, <<"\n">>, [global, trim_all]), binary:first(Line) =/= $#].

frame(Line) ->
    [Name, Hex] = binary:split(Line, <<" ">>),
    {binary_to_list(Name), << <<(binary_to_integer(Byte, 16))>> || <<Byte:2/binary>> <= Hex >>}.

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
